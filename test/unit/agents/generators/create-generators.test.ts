import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createGenerators, type Generators } from '../../../../src/agents/generators/create-generators.ts';
import { AgentsSettings } from '../../../../src/domain/campaign/generator-settings.ts';

const log = pino({ level: 'silent' });
const create = (settings: unknown, env: Record<string, string> = {}): Generators =>
  createGenerators({ settings: AgentsSettings.parse(settings), env, log });

describe('generators', () => {
  test('without a key evolve is the default, and claude says what it misses', () => {
    const generators = create({});
    expect(generators.all.map(({ name, kind }) => [name, kind])).toEqual([
      ['claude', 'claude'],
      ['evolve', 'evolve'],
    ]);
    expect(generators.default.name).toBe('evolve');
    expect(generators.byName.get('claude')?.unavailable).toContain('ANTHROPIC_API_KEY is not set');
  });

  test('with a key claude is the default and can be used', () => {
    const generators = create({}, { ANTHROPIC_API_KEY: 'sk-of-the-tests' });
    expect(generators.default.name).toBe('claude');
    expect(generators.default.unavailable).toBeNull();
  });

  test('the settings overrule it, and name others', () => {
    const local = { kind: 'openai-compatible', baseUrl: 'http://127.0.0.1:1/v1', model: 'm', keyVariable: 'LOCAL_KEY' };
    const mine = { kind: 'command', argv: ['agent'] };
    const generators = create({ default: 'local', generators: { local, mine } }, { ANTHROPIC_API_KEY: 'k', LOCAL_KEY: 'l' });
    expect(generators.all.map(({ name }) => name)).toEqual(['claude', 'evolve', 'local', 'mine']);
    expect(generators.default.name).toBe('local');
    expect(generators.byName.get('local')?.unavailable).toBeNull();
    expect(generators.byName.get('mine')?.kind).toBe('command');
  });

  test('say which of them cost money, and whom a profile helps', () => {
    const served = { kind: 'openai-compatible', baseUrl: 'http://127.0.0.1:1/v1', model: 'm' };
    const rented = { ...served, prices: { input: 0, cacheWrite: 0, cacheRead: 0, output: 1 } };
    const { all } = create(
      { generators: { served, rented, mine: { kind: 'command', argv: ['agent'] } } },
      { ANTHROPIC_API_KEY: 'k' },
    );
    expect(all.filter(({ isPaid }) => isPaid).map(({ name }) => name)).toEqual(['claude', 'rented']);
    expect(all.filter(({ readsProfiles }) => !readsProfiles).map(({ name }) => name)).toEqual(['evolve']);
  });

  test('are asked for diagnoses where one that writes names them, or itself', () => {
    const served = { kind: 'openai-compatible', baseUrl: 'http://127.0.0.1:1/v1', model: 'm' };
    const { all } = create(
      { generators: { claude: { kind: 'claude', diagnose: { by: 'cheap' } }, cheap: served, own: { ...served, diagnose: {} } } },
      { ANTHROPIC_API_KEY: 'k' },
    );
    expect(all.filter(({ diagnoser }) => diagnoser).map(({ name }) => name)).toEqual(['cheap', 'own']);
    expect(all.filter(({ diagnosing }) => diagnosing).map(({ name }) => name)).toEqual(['claude', 'own']);
  });

  test('an empty variable counts as not set', () => {
    expect(create({}, { ANTHROPIC_API_KEY: '' }).default.name).toBe('evolve');
  });
});
