import { describe, expect, test } from 'vitest';
import { Scenario } from '../../support/scheduler/scenario.ts';
import { attemptId, COMPILE_ERROR, candidateId, hostId, PASSED } from '../../support/scheduler/simulated-fleet.ts';

const screened = (s: Scenario): Scenario => s.up(0).add(1).compiled(1, 0).started(1, 1).skip();

describe('the life of one candidate', () => {
  test('it is compiled on the host that judges it, judged once and finished with its verdict', () => {
    const s = new Scenario().up(0).add(1).expect('1 is compiling', 'compile 1 h0');
    s.compiled(1, 0).expect('1 is ready', '1 is judging', 'judge 1.1 GPU-0-0 screen');
    s.started(1, 1).judged(1, 1).expect('1 is passed');
    expect(s.unread).toEqual([]);
    expect(s.last[0]).toMatchObject({ type: 'finished', outcome: PASSED });
  });

  test('it waits for a host, and tells a judge for how long it could have been sent', () => {
    const s = new Scenario().add(1).expect();
    s.up(0).expect('1 is compiling', 'compile 1 h0');
    s.compiled(1, 0).add(2).add(3).add(4).skip().compiled(2, 0).skip();
    s.nowMs = 40;
    s.compiled(3, 0).expect('3 is ready');
    s.nowMs = 70;
    s.judged(1, 1).expect('1 is passed', '3 is judging', 'judge 3.1 GPU-0-0 screen');
    expect(s.last).toContainEqual(expect.objectContaining({ type: 'judge', waitedMs: 30 }));
  });

  test('a compile error is final', () => {
    const s = new Scenario().up(0).add(1).skip();
    s.send({ type: 'compiled', id: candidateId(1), hostId: hostId(0), result: { status: 'failed', outcome: COMPILE_ERROR } });
    s.expect('1 is compile_error').compiled(1, 0);
    expect(s.unread).toEqual([]);
  });

  test('every frame may come twice', () => {
    const s = new Scenario().up(0).add(1).add(1).expect('1 is compiling', 'compile 1 h0');
    s.compiled(1, 0).compiled(1, 0).expect('1 is ready', '1 is judging', 'judge 1.1 GPU-0-0 screen');
    s.started(1, 1).started(1, 1).judged(1, 1).judged(1, 1).expect('1 is passed', 'ack-stale 1.1 h0');
    expect(s.unread).toEqual([]);
  });

  test('lower priority numbers go first; of several submitters earlier ones, then those that came first', () => {
    const s = new Scenario()
      .add(1, { submitter: 'a', queuedAtMs: 5 })
      .add(2, { submitter: 'b', queuedAtMs: 3 })
      .add(3, { submitter: 'c', queuedAtMs: 3 })
      .add(4, { submitter: 'd', priority: 1 });
    s.up(0, { compileSlots: 1 });
    const order = ['4 is compiling', 'compile 4 h0', '2 is compiling', 'compile 2 h0', '3 is compiling', 'compile 3 h0'];
    s.expect(...order, '1 is compiling', 'compile 1 h0');
    expect(s.unread).toEqual([]);
  });
});

describe('an artifact that its host did not keep', () => {
  const compiledAgain = ['1 is queued again', '1 is compiling', 'compile 1 h0'];

  test('is compiled again, and nobody is blamed', () => {
    const s = screened(new Scenario())
      .missing(1, 1)
      .expect(...compiledAgain);
    s.compiled(1, 0).expect('1 is ready', '1 is judging', 'judge 1.2 GPU-0-0 screen').judged(1, 2).expect('1 is passed');
    expect(s.unread).toEqual([]);
  });

  test('counts as an infra failure when it is gone each time', () => {
    const s = screened(new Scenario({ recompilesMax: 2 }));
    s.missing(1, 1)
      .expect(...compiledAgain)
      .compiled(1, 0)
      .skip();
    s.missing(1, 2)
      .expect(...compiledAgain)
      .compiled(1, 0)
      .skip();
    s.missing(1, 3).expect('1 is queued again (infra)');
    expect(s.unread).toEqual([]);
  });

  test('is not asked of another host where its problem judges nobody', () => {
    const message = 'the problem cannot tell right from wrong';
    const s = screened(new Scenario());
    s.judged(1, 1, { result: { status: 'infra', failure: { code: 'problem_refused', message } } }).expect('1 is infra_failed');
    expect(s.unread).toEqual([]);
  });

  test('keeps a confirmation a confirmation', () => {
    const s = screened(new Scenario()).judged(1, 1, { confirm: 'NVIDIA H100' }).skip();
    s.missing(1, 2)
      .expect(...compiledAgain)
      .compiled(1, 0)
      .expect('1 is ready', '1 is confirming', 'judge 1.3 GPU-0-0 confirm');
    expect(s.unread).toEqual([]);
  });

  test('does not bring back a candidate that was cancelled', () => {
    const s = screened(new Scenario()).cancel(1).expect('cancel 1.1 h0').missing(1, 1).expect('1 is cancelled');
    expect(s.unread).toEqual([]);
  });
});

describe('a judgement that is no verdict', () => {
  const byAnswers = { reason: 'its recording is wrong', recording: 'wrong_answer' } as const;
  const otherwise = { result: { status: 'otherwise', byAnswers } } as const;
  const anew = ['1 is queued again', '1 is compiling', 'compile 1 h0'];

  test('has its candidate compiled and judged anew on the same host, at nobody’s cost', () => {
    const s = screened(new Scenario()).judged(1, 1, otherwise);
    expect(s.last[0]).toMatchObject({ type: 'requeued', infra: false, byAnswers });
    s.expect(...anew)
      .compiled(1, 0)
      .expect('1 is ready', '1 is judging', 'judge 1.2 GPU-0-0 screen');
    s.judged(1, 2).expect('1 is passed');
    expect(s.unread).toEqual([]);
  });

  test('ends a confirmation: what it was screened by is no longer what is judged', () => {
    const s = screened(new Scenario()).judged(1, 1, { confirm: 'NVIDIA H100' }).skip();
    s.judged(1, 2, otherwise);
    expect(s.last[0]).not.toHaveProperty('confirmOn');
    s.expect(...anew)
      .compiled(1, 0)
      .expect('1 is ready', '1 is judging', 'judge 1.3 GPU-0-0 screen');
    expect(s.unread).toEqual([]);
  });

  test('does not bring back a candidate that was cancelled', () => {
    const s = screened(new Scenario()).cancel(1).expect('cancel 1.1 h0').judged(1, 1, otherwise).expect('1 is cancelled');
    expect(s.unread).toEqual([]);
  });

  test('is nothing that its device refused', () => {
    const s = new Scenario().up(0).skip();
    for (let n = 1; n <= 200; n += 1) {
      s.add(n).compiled(n, 0).judged(n, 1, otherwise).compiled(n, 0).judged(n, 2);
      s.nowMs += 50;
    }
    expect(s.unread.filter((line) => line.startsWith('canary'))).toEqual([]);
  });
});

describe('cancelling', () => {
  test('ends a queued, compiling or ready candidate at once', () => {
    const s = new Scenario().add(1).cancel(1).expect('1 is cancelled');
    s.up(0).add(2).skip().cancel(2).expect('cancel-compile 2 h0', '2 is cancelled').compiled(2, 0).expect();
    for (const n of [3, 4, 5]) s.add(n).compiled(n, 0);
    s.skip().cancel(5).expect('5 is cancelled');
    expect(s.unread).toEqual([]);
  });

  test('tells the host while a judge has it and takes the result that comes', () => {
    const cancelled = { status: 'judged', outcome: { verdict: 'cancelled' } } as const;
    const s = new Scenario().up(0).add(1).compiled(1, 0).add(2).compiled(2, 0).skip();
    s.cancel(1).expect('cancel 1.1 h0').cancel(1).expect();
    s.judged(1, 1, { result: cancelled }).expect('1 is cancelled');
    s.cancel(2).expect('cancel 2.1 h0').judged(2, 1, { confirm: 'NVIDIA H100' }).expect('2 is passed');
    expect(s.unread).toEqual([]);
  });

  test('does not wait for a host that is lost', () => {
    const s = new Scenario().up(0).add(1).compiled(1, 0).add(2).compiled(2, 0).skip().cancel(1).skip();
    s.lost(0).expect('1 is cancelled').cancel(2).expect('2 is cancelled');
    expect(s.unread).toEqual([]);
  });

  test('knows nothing of candidates that are done or were never here', () => {
    expect(new Scenario().up(0).cancel(9).unread).toEqual([]);
  });
});

describe('confirming a would-be record', () => {
  test('it goes to the head and is judged once more on the same host', () => {
    const s = screened(new Scenario());
    for (const n of [2, 3, 4]) s.add(n, { priority: 1 }).compiled(n, 0);
    s.skip().judged(1, 1, { confirm: 'NVIDIA H100' }).expect('1 is ready', '1 is confirming', 'judge 1.2 GPU-0-0 confirm');
    s.judged(1, 2).expect('1 is passed', '3 is judging', 'judge 3.1 GPU-0-0 screen');
    expect(s.unread).toEqual([]);
  });

  test('it is confirmed again while the record changes hands, and not for ever', () => {
    const s = screened(new Scenario({ confirmationsMax: 2 }))
      .judged(1, 1, { confirm: 'NVIDIA H100' })
      .skip();
    s.judged(1, 2, { confirm: 'NVIDIA H100' }).expect('1 is ready', '1 is confirming', 'judge 1.3 GPU-0-0 confirm');
    s.judged(1, 3, { confirm: 'NVIDIA H100' }).expect('1 is passed');
    expect(s.unread).toEqual([]);
  });

  test('a repeated screening result does not end the confirmation', () => {
    const s = screened(new Scenario()).judged(1, 1, { confirm: 'NVIDIA H100' }).skip();
    s.judged(1, 1, { confirm: 'NVIDIA H100' }).expect('ack-stale 1.1 h0').judged(1, 2).expect('1 is passed');
    expect(s.unread).toEqual([]);
  });

  test('a screening result that comes again while the confirmation waits for a device changes nothing', () => {
    const s = screened(new Scenario()).judged(1, 1, { confirm: 'another model' }).expect('1 is queued again');
    s.judged(1, 1, { confirm: 'another model' }).expect('ack-stale 1.1 h0').lost(0);
    s.up(0, {}, { running: [attemptId(1, 1)] }).expect('cancel 1.1 h0');
    expect(s.unread).toEqual([]);
  });

  test('after too many infra failures it ends with its screening outcome, unconfirmed', () => {
    const s = screened(new Scenario({ infraRetries: 1 }))
      .judged(1, 1, { confirm: 'NVIDIA H100' })
      .skip();
    s.broken(1, 2).expect('1 is queued again (infra)').tickAt(1_000).compiled(1, 0).skip();
    s.broken(1, 3).expect('1 is passed by 1.1');
    expect(s.unread).toEqual([]);
  });

  test.each(['check', 'measure'] as const)('one that takes too long (%s) leaves what the screening showed', (stage) => {
    const s = screened(new Scenario()).judged(1, 1, { confirm: 'NVIDIA H100' }).skip();
    const outcome = { verdict: 'timed_out', stage, case: 'large', limitMs: 30_000 } as const;
    s.judged(1, 2, { result: { status: 'judged', outcome } }).expect('1 is passed by 1.1');
    expect(s.unread).toEqual([]);
  });

  test('one that shows the candidate at fault is final', () => {
    const s = screened(new Scenario()).judged(1, 1, { confirm: 'NVIDIA H100' }).skip();
    const outcome = { verdict: 'crashed', case: 'large', message: 'CUDA_ERROR_ILLEGAL_ADDRESS' } as const;
    s.judged(1, 2, { result: { status: 'judged', outcome } }).expect('1 is crashed');
    expect(s.unread).toEqual([]);
  });

  test('a compile for it that fails leaves what the screening showed', () => {
    const s = screened(new Scenario()).judged(1, 1, { confirm: 'NVIDIA H100' }).skip();
    s.missing(1, 2).skip();
    const outcome = { verdict: 'timed_out', stage: 'compile', case: '', limitMs: 60_000 } as const;
    s.send({ type: 'compiled', id: candidateId(1), hostId: hostId(0), result: { status: 'failed', outcome } });
    s.expect('1 is passed by 1.1');
    expect(s.unread).toEqual([]);
  });

  test('it waits only so long for a device of its model', () => {
    const s = screened(new Scenario({ confirmWaitMs: 500 }))
      .judged(1, 1, { confirm: 'another model' })
      .expect('1 is queued again');
    s.tickAt(499).expect().tickAt(500).expect('1 is passed by 1.1');
    expect(s.unread).toEqual([]);
  });
});
