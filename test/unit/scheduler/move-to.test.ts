import { describe, expect, test } from 'vitest';
import { check } from '../../../src/scheduler/check.ts';
import { moveTo } from '../../../src/scheduler/move-to.ts';
import { Scenario } from '../../support/scheduler/scenario.ts';
import { candidateId } from '../../support/scheduler/simulated-fleet.ts';

describe('a move that candidates do not make', () => {
  test('is refused before anything moved: a confirmation is not compiled', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).judged(1, 1, { confirm: 'NVIDIA H100' }).skip();
    const entry = s.core.tasks.get(candidateId(1));
    const [pool] = [...s.core.hosts.values()].flatMap(({ pools }) => [...pools.values()]);
    if (!entry || !pool) throw new Error('the scenario lacks its candidate or its pool');
    expect(entry.counted).toBe('confirming');
    expect(() => moveTo(s.core, entry, { kind: 'compiling', pool, sinceMs: 0 })).toThrow(
      `candidate ${candidateId(1)} is confirming and cannot become compiling`,
    );
    expect(check(s.core)).toEqual([]);
  });

  test('is refused to one that is done', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).skip();
    const entry = s.core.tasks.get(candidateId(1));
    if (!entry) throw new Error('the scenario lacks its candidate');
    s.judged(1, 1).skip();
    expect(() => moveTo(s.core, entry, { kind: 'backoff' })).toThrow('is done and cannot become queued');
    expect(() => moveTo(s.core, entry, { kind: 'done' })).toThrow('is done and cannot become done');
    expect(check(s.core)).toEqual([]);
  });
});
