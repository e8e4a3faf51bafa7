import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCommand } from '../../../src/agents/generators/command.ts';
import { createGenerators } from '../../../src/agents/generators/create-generators.ts';
import { AgentsSettings } from '../../../src/domain/campaign/generator-settings.ts';
import { contextOf } from '../../support/agents/contexts.ts';
import { HANG_MS } from '../../support/limits.ts';

const SOURCE = '/* kiln\nlaunch: [{kernel: copy, args: [x, y, n]}]\n*/\nvoid copy(void) {}\n';
const NEVER = new AbortController().signal;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-hostile-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const ask = async (script: string, { timeoutMs = HANG_MS, signal = NEVER } = {}) =>
  createCommand({ name: 'mine', argv: ['sh', '-c', script, folder, SOURCE], timeoutMs, env: process.env }).next(
    contextOf({}),
    signal,
  );

/** Those that name the test's folder on their command line. */
const survivors = (): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  });

const openPipes = (): number => process.getActiveResourcesInfo().filter((name) => name === 'PipeWrap').length;

test('what a program leaves behind in the background is ended, and its answer counts at once', async () => {
  const startedMs = performance.now();
  const answer = await ask('sh -c "sleep 300; true" "$0" & printf "%s" "$1"');
  expect(answer).toMatchObject({ ok: true, draft: { source: SOURCE.trim() } });
  expect(performance.now() - startedMs).toBeLessThan(HANG_MS / 2);
  await expect.poll(survivors).toEqual([]);
});

test('what left the process group and holds the pipes open is ended as well', async () => {
  const before = openPipes();
  const answer = await ask('setsid sh -c "sleep 300; true" "$0" & sleep 0.2; printf "%s" "$1"');
  expect(answer).toMatchObject({ ok: true });
  await expect.poll(survivors).toEqual([]);
  expect(openPipes()).toBe(before);
});

test('a program that ignores every signal it can is ended when the campaign stops', async () => {
  const stop = new AbortController();
  const answer = ask('trap "" TERM INT HUP; setsid sh -c "trap \'\' TERM; sleep 300; true" "$0" & sleep 300; true', {
    signal: stop.signal,
  });
  await expect.poll(() => survivors().length).toBeGreaterThan(1);
  stop.abort();
  expect(await answer).toMatchObject({ failure: 'stopped' });
  await expect.poll(survivors).toEqual([]);
});

test('a program that floods standard error is ended, with its last words', async () => {
  const answer = await ask('yes alarm >&2');
  expect(answer).toMatchObject({ failure: 'malformed', message: expect.stringContaining('bytes to standard error: ') as string });
});

test.each([
  ['a NUL', String.raw`printf '%s\0' "$1"`, 'malformed'],
  ['a NUL in JSON', String.raw`printf '{"language":"c","source":"a\\u0000"}'`, 'malformed'],
  ['half of a character', String.raw`printf '%s\360\237' "$1"`, null],
  ['an enormous number', String.raw`printf '{"language":"c","source":"x","params":{"A":1e999}}'`, 'malformed'],
  ['a deep array', `printf '{"source":'; head -c 500000 /dev/zero | tr '\\0' '['`, 'malformed'],
  ['nothing', 'true', 'malformed'],
])('a program that writes %s gets an answer like any other', async (_what, script, failure) => {
  const answer = await ask(script);
  expect(answer.ok ? null : answer.failure).toBe(failure);
});

test('a program that cannot even be named is an answer, not a defect', async () => {
  const answer = await createCommand({ name: 'mine', argv: ['a\0b'], timeoutMs: 1000, env: {} }).next(contextOf({}), NEVER);
  expect(answer).toMatchObject({ failure: 'unavailable', message: expect.stringContaining('cannot be started') as string });
});

test('a program gets of the environment what it needs to run and what is named for it, no secrets', async () => {
  const settings = { kind: 'command', argv: ['sh', '-c', 'env >&2; exit 1'], variables: ['MY_AGENT_KEY', 'NOT_SET'] };
  const secrets = { ANTHROPIC_API_KEY: 'secret-1', KILN_TOKEN: 'secret-2', PGPASSWORD: 'secret-3', OTHER_KEY: 'secret-4' };
  const { byName } = createGenerators({
    settings: AgentsSettings.parse({ generators: { mine: settings } }),
    env: { ...secrets, PATH: process.env['PATH'], HOME: '/home/of-the-tests', LC_ALL: 'C.UTF-8', MY_AGENT_KEY: 'mine' },
    log: pino({ level: 'silent' }),
  });
  const answer = await byName.get('mine')?.next(contextOf({}), NEVER);
  const message = answer?.ok === false ? answer.message : '';
  expect(message).toContain('HOME=/home/of-the-tests');
  expect(message).toContain('LC_ALL=C.UTF-8');
  expect(message).toContain('MY_AGENT_KEY=mine');
  expect(message).not.toContain('secret-');
  expect(message).not.toContain('NOT_SET');
});
