import { describe, expect, test } from 'vitest';
import { SHARE_MIN } from '../../../src/scheduler/options.ts';
import { underserved } from '../../../src/scheduler/scheduler.ts';
import { Scenario } from '../../support/scheduler/scenario.ts';
import { ARTIFACT, hostId, PASSED } from '../../support/scheduler/simulated-fleet.ts';

/** Numbers of the candidates in the order in which the host that comes up compiles them. */
const compiledBy = (s: Scenario): readonly number[] => {
  s.up(0, { compileSlots: 1 });
  return s.unread.flatMap((line) => {
    const number = /^compile (\w+) /.exec(line)?.[1];
    return number === undefined ? [] : [Number.parseInt(number, 16)];
  });
};

/** Compiles what is asked for, and judges what runs: 300 ms for the slow, 100 for the quick. */
const judgeNext = (s: Scenario, judged: { slow: number; quick: number }): void => {
  for (const { place, task } of s.core.tasks.values())
    if (place.kind === 'compiling')
      s.send({ type: 'compiled', id: task.id, hostId: hostId(0), result: { status: 'compiled', artifact: ARTIFACT } });
  const next = [...s.core.tasks.values()].find(({ place }) => place.kind === 'judge');
  if (next?.place.kind !== 'judge') return;
  const isSlow = next.task.submitter === 'slow';
  judged[isSlow ? 'slow' : 'quick'] += 1;
  const { attemptId } = next.place;
  s.send({ type: 'started', hostId: hostId(0), attemptId });
  s.send({
    type: 'judged',
    hostId: hostId(0),
    attemptId,
    result: { status: 'judged', outcome: PASSED },
    serviceMs: isSlow ? 300 : 100,
    confirm: null,
  });
};

describe('submitters of one priority', () => {
  test('take turns, whoever came first and with how much', () => {
    const s = new Scenario();
    for (let n = 1; n <= 40; n += 1) s.add(n, { submitter: 'many' });
    s.add(41, { submitter: 'few' }).add(42, { submitter: 'few' });
    expect(compiledBy(s).slice(0, 5)).toEqual([1, 41, 2, 42, 3]);
  });

  test('have no claim for the time in which they asked for nothing', () => {
    const s = new Scenario().up(0, { compileSlots: 1 });
    for (let n = 1; n <= 200; n += 1) s.add(n, { submitter: 'steady' });
    for (let n = 1; n <= 10; n += 1) s.compiled(n, 0).started(n, 1).judged(n, 1);
    const begun = [...(s.core.hosts.get(hostId(0))?.pools.values() ?? [])][0]?.begun.get(100) ?? 0;
    expect(begun).toBeGreaterThan(0);
    s.add(201, { submitter: 'late' });
    expect([...s.core.tasks.values()].find(({ task }) => task.submitter === 'late')?.level.given).toBe(begun);
  });

  test('pay for what their candidates took, not for how many they were', () => {
    const s = new Scenario().up(0, { compileSlots: 1 });
    for (let n = 1; n <= 40; n += 1) s.add(n, { submitter: n % 2 === 0 ? 'slow' : 'quick' });
    const judged = { slow: 0, quick: 0 };
    for (let turn = 0; turn < 24; turn += 1) judgeNext(s, judged);
    expect(judged.quick).toBeGreaterThan(2 * judged.slow);
  });

  test('learn what their candidates take from judgements alone, not from attempts that were cut off or failed', () => {
    const s = new Scenario().up(0, { compileSlots: 4 }).skip();
    const expected = () => {
      const ofClass = s.core.classes.get('H100');
      return { ofClass: ofClass?.serviceMs, ofAda: ofClass?.shares.get('ada')?.serviceMs };
    };
    s.add(1, { submitter: 'ada' }).compiled(1, 0).judged(1, 1, { serviceMs: 400 });
    expect(expected()).toEqual({ ofClass: 400, ofAda: 400 });
    s.add(2, { submitter: 'ada' }).compiled(2, 0).cancel(2);
    s.judged(2, 1, { result: { status: 'judged', outcome: { verdict: 'cancelled' } }, serviceMs: 0 });
    s.add(3, { submitter: 'ada' }).compiled(3, 0).broken(3, 1);
    expect(expected()).toEqual({ ofClass: 400, ofAda: 400 });
  });

  test('a higher priority goes before all turns', () => {
    const s = new Scenario();
    for (let n = 1; n <= 10; n += 1) s.add(n, { submitter: 'many' });
    s.add(11, { submitter: 'few' }).add(12, { submitter: 'many', priority: 1 });
    expect(compiledBy(s).slice(0, 4)).toEqual([12, 1, 11, 2]);
  });
});

const row = (device: string, submitter: string, count: number) => ({ device, submitter, count });

describe('turns', () => {
  test('of one priority say nothing about another', () => {
    const s = new Scenario();
    for (let n = 1; n <= 9; n += 1) s.add(n, { submitter: 'busy', priority: 500 });
    s.add(10, { submitter: 'other', priority: 5 }).add(11, { submitter: 'other', priority: 5 });
    s.add(12, { submitter: 'busy', priority: 5 });
    expect(compiledBy(s).slice(0, 3)).toEqual([10, 12, 11]);
  });

  test('are not used up by candidates that only some other host could take', () => {
    const s = new Scenario().up(1, { labels: ['eu'] });
    for (let n = 1; n <= 30; n += 1) s.add(n, { submitter: 'blocked', labels: ['us'] });
    for (let n = 31; n <= 99; n += 1) s.add(n, { submitter: 'other', labels: ['eu'] });
    s.skip().add(100, { submitter: 'blocked', labels: ['eu'] });
    const [blocked, other] = ['blocked', 'other'].map((name) =>
      [...s.core.tasks.values()].find(({ task }) => task.submitter === name),
    );
    expect(blocked?.level.given).toBeLessThanOrEqual(other?.level.given ?? 0);
  });
});

describe('who is missing in the window', () => {
  test('is everyone of a class that works of whom less than half a share is held', () => {
    const s = new Scenario({ windowMin: 100 }).up(0);
    for (let n = 1; n <= 60; n += 1) s.add(n, { submitter: 'flood' });
    const found = underserved(s.core, [row('H100', 'flood', 90_000), row('H100', 'late', 500), row('H100', 'small', 3)]);
    // A third of the window each.
    expect(found).toEqual([
      { device: 'H100', submitter: 'late', held: 0, more: 34 },
      { device: 'H100', submitter: 'small', held: 0, more: 3 },
    ]);
  });

  test('gets no more than memory is left for, the least held first', () => {
    const s = new Scenario({ windowMin: 10, windowMax: 10, heldMax: 5 }).up(0);
    for (let n = 1; n <= 8; n += 1) s.add(n, { device: 'A100', submitter: 'blocked' });
    s.add(9, { submitter: 'some' });
    const rows = [row('A100', 'blocked', 900), row('H100', 'some', 50), row('H100', 'none', 50)];
    // Six of heldMax and a window are left; the share is five each.
    expect(underserved(s.core, rows)).toEqual([
      { device: 'H100', submitter: 'none', held: 0, more: 5 },
      { device: 'H100', submitter: 'some', held: 1, more: 1 },
    ]);
  });

  test('is nobody of a class without devices, and nobody of whom all is held', () => {
    const s = new Scenario({ windowMin: 100 }).up(0).add(1, { submitter: 'one' }).add(2, { device: 'A100', submitter: 'one' });
    expect(underserved(s.core, [row('H100', 'one', 1), row('A100', 'one', 70_000), row('B200', 'one', 5)])).toEqual([]);
  });

  test('has a share at the least, however many they are', () => {
    const s = new Scenario({ windowMin: 10 }).up(0);
    const rows = Array.from({ length: 50 }, (_, at) => row('H100', `s${at}`, 1000));
    expect(underserved(s.core, rows).map(({ more }) => more)).toEqual(rows.map(() => SHARE_MIN));
  });
});
