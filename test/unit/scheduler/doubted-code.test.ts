import { describe, expect, test } from 'vitest';
import { Scenario } from '../../support/scheduler/scenario.ts';
import { candidateId, hostId, PASSED, WRONG } from '../../support/scheduler/simulated-fleet.ts';

const passed = { result: { status: 'judged', outcome: PASSED } } as const;
const wrong = { result: { status: 'judged', outcome: WRONG } } as const;
const doubt = (s: Scenario, ...numbers: readonly number[]): Scenario =>
  s.send({ type: 'code-doubted', ids: numbers.map((n) => candidateId(n)), reason: 'its compiler computes wrongly' });

describe('code that is not to be used any more', () => {
  test('is compiled again where it waits for a device, at nobody’s cost', () => {
    const s = new Scenario().up(0).skip();
    for (let n = 1; n <= 3; n += 1) s.add(n).compiled(n, 0);
    s.skip();
    doubt(s, 3).expect('3 is queued again', '3 is compiling', 'compile 3 h0');
    expect(s.unread).toEqual([]);
  });

  test('is asked back from a device where it has not started, and is not made ready again', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).add(2).compiled(2, 0).started(1, 1).skip();
    doubt(s, 2).expect('retract 2.1 h0');
    s.retracted(0, [2, 1]).expect('2 is queued again', '2 is compiling', 'compile 2 h0');
    expect(s.unread).toEqual([]);
  });

  test('has what a device says of it not used', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).started(1, 1).skip();
    doubt(s, 1).expect();
    s.judged(1, 1, wrong).expect('1 is queued again', '1 is compiling', 'compile 1 h0');
    s.compiled(1, 0).judged(1, 2, passed).skip();
    expect(s.core.tasks.size).toBe(0);
  });

  test('has no attempt taken up again that its host was lost with', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).started(1, 1).skip();
    doubt(s, 1).lost(0).skip();
    s.tickAt(40_000).expect('1 is queued again');
    s.up(0, {}, { running: [`${candidateId(1)}.1` as never] }).expect('cancel 1.1 h0', '1 is compiling', 'compile 1 h0');
    expect(s.unread).toEqual([]);
  });

  test('leaves no screening that a confirmation could fall back on', () => {
    const s = new Scenario()
      .up(0)
      .add(1)
      .compiled(1, 0)
      .judged(1, 1, { ...passed, confirm: 'NVIDIA H100' })
      .skip();
    doubt(s, 1).skip();
    s.tickAt(500_000);
    expect(s.unread).not.toContain('1 is passed by 1.1');
  });
});

test('a device may be asked for a canary though nothing of it is out of line', () => {
  const s = new Scenario().up(0).skip();
  s.send({ type: 'canary-wanted', hostId: hostId(0), deviceId: 'GPU-0-0' as never }).expect('canary for GPU-0-0');
  expect(s.unread).toEqual([]);
});
