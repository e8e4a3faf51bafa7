import { describe, expect, test } from 'vitest';
import type { Generator } from '../../../../../src/agents/generator.ts';
import { canAsk, endOf } from '../../../../../src/agents/run/state/exhaustion.ts';
import { createProposals } from '../../../../../src/agents/search/proposals.ts';
import { createReservedContents } from '../../../../../src/agents/run/state/reserved-contents.ts';
import type { Target } from '../../../../../src/agents/run/state/targets.ts';
import { createFront } from '../../../../../src/agents/search/front.ts';
import { createArchive } from '../../../../../src/agents/search/archive.ts';
import { DeviceClass } from '../../../../../src/domain/device.ts';
import { entryOf } from '../../../../support/agents/entries.ts';
import { createScriptedGenerator } from '../../../../support/agents/scripted-generator.ts';

const paid = createScriptedGenerator({ name: 'paid', reserveMicros: 1 });
const evolve = createScriptedGenerator({ name: 'evolve', kind: 'evolve' });
const [PAID_MAX, FREE_MAX] = [40, 500];

const targetOf = ({
  varies,
  copies,
}: {
  readonly varies: boolean;
  readonly copies: Readonly<Record<string, number>>;
}): Target => {
  const archive = createArchive({ islands: 1, seed: 1 });
  archive.add(entryOf(1, { isVariable: varies }));
  return {
    problem: 'vector_add',
    device: DeviceClass.parse('H100'),
    languages: ['cuda'],
    archive,
    bound: 'memory',
    recalled: null,
    models: new Map(),
    front: createFront(),
    startsLeft: 0,
    reserved: createReservedContents(),
    copies: new Map(Object.entries(copies)),
    proposals: createProposals(),
    diagnosing: new Set(),
    undiagnosed: new Set(),
    params: null,
  };
};

const end = (target: Target, asked: readonly Generator[] = [paid, evolve]): string | null =>
  endOf({ targets: [target], roster: { generatorsOf: () => asked.map(({ name }) => name) } }, target, {
    byName: new Map([paid, evolve].map((one) => [one.name, one])),
  });

describe('a generator', () => {
  test('is stopped by its own copies, not by those of another one', () => {
    const target = targetOf({ varies: true, copies: { evolve: FREE_MAX - 1 } });
    expect([canAsk(target, paid), canAsk(target, evolve)]).toEqual([true, true]);
    const repeated = targetOf({ varies: true, copies: { paid: PAID_MAX } });
    expect([canAsk(repeated, paid), canAsk(repeated, evolve)]).toEqual([false, true]);
  });
});

describe('a search', () => {
  test('goes on while one of its generators has not repeated itself too often', () => {
    expect(end(targetOf({ varies: true, copies: { paid: PAID_MAX, evolve: FREE_MAX - 1 } }))).toBeNull();
    expect(end(targetOf({ varies: true, copies: { paid: PAID_MAX - 1, evolve: FREE_MAX } }))).toBeNull();
  });

  test('ends once each has, and says of whom how many', () => {
    expect(end(targetOf({ varies: true, copies: { paid: PAID_MAX, evolve: FREE_MAX } }))).toBe(
      'nothing new is found: the last 40 answers of paid and the last 500 answers of evolve were known content',
    );
  });

  test('ends where one repeats itself and the other has nothing to vary, though neither alone would end it', () => {
    expect(end(targetOf({ varies: false, copies: { paid: PAID_MAX } }))).toContain('the last 40 answers were known content');
    expect(end(targetOf({ varies: false, copies: {} }), [evolve])).toContain('nothing can be varied');
    expect(end(targetOf({ varies: false, copies: {} }))).toBeNull();
  });

  test('is ended by those that have an agent for it, whoever else the campaign names', () => {
    expect(end(targetOf({ varies: true, copies: { paid: PAID_MAX } }), [paid])).toContain('the last 40 answers');
  });
});
