import { describe, expect, test } from 'vitest';
import {
  CANARY_REFUSALS,
  CANARY_REFUSALS_SHARE_MAX,
  CANARY_SHARE_MAX,
  PROBATION_EVERY_MS,
  PROBATION_PASSES,
} from '../../../src/scheduler/options.ts';
import { snapshot } from '../../../src/scheduler/scheduler.ts';
import { createTally, countVerdict, isBurst } from '../../../src/scheduler/tally.ts';
import { Scenario } from '../../support/scheduler/scenario.ts';
import { COMPILE_ERROR, candidateId, hostId, PASSED, WRONG } from '../../support/scheduler/simulated-fleet.ts';

const EVERY_MS = 300_000;
const FIRST_MS = 30_000;
const wrong = { result: { status: 'judged', outcome: WRONG } } as const;
const passed = { result: { status: 'judged', outcome: PASSED } } as const;

/** Candidate `n` is submitted, compiled and judged on host `host`, the only one that could take it then. */
const judge = (s: Scenario, n: number, how: typeof wrong | typeof passed, host = 0): Scenario =>
  s
    .add(n)
    .compiled(n, host)
    .judged(n, 1, { host, ...how });

const oneHost = (): Scenario => new Scenario().up(0).skip();

describe('a canary is due', () => {
  test('some time after the first verdict of a device that never passed one, and not before', () => {
    const s = judge(oneHost(), 1, passed).skip();
    s.tickAt(FIRST_MS - 1).expect();
    s.tickAt(FIRST_MS).expect('canary for GPU-0-0');
    s.tickAt(2 * FIRST_MS).expect();
    expect(s.unread).toEqual([]);
  });

  test('at its interval after the last one, where something was judged since', () => {
    const s = judge(oneHost(), 1, passed).tickAt(FIRST_MS).skip();
    s.canary(0, 'passed').expect('GPU-0-0 is trusted');
    s.tickAt(FIRST_MS + 2 * EVERY_MS).expect();
    judge(s, 2, passed).expect(
      '2 is compiling',
      'compile 2 h0',
      '2 is ready',
      '2 is judging',
      'judge 2.1 GPU-0-0 screen',
      '2 is passed',
    );
    s.tickAt(FIRST_MS + 2 * EVERY_MS).expect('canary for GPU-0-0');
    expect(s.unread).toEqual([]);
  });

  test('less often where one takes long: never more than its share of the device’s time', () => {
    const s = judge(oneHost(), 1, passed).tickAt(FIRST_MS).canary(0, 'passed', 0, 1_000).skip();
    judge(s, 2, passed).skip();
    s.tickAt(FIRST_MS + CANARY_SHARE_MAX * 1_000 - 1).expect();
    s.tickAt(FIRST_MS + CANARY_SHARE_MAX * 1_000).expect('canary for GPU-0-0');
    expect(s.unread).toEqual([]);
  });

  test('at once after a burst of bad verdicts where other hosts of the class see none', () => {
    const s = new Scenario().up(0).up(1).skip();
    // Host 1 is away while host 0 is given its work, and the other way round.
    for (let n = 1; n <= 16; n += 1) {
      s.lost(0).up(1).skip();
      judge(s, n, passed, 1).lost(1).up(0).skip();
    }
    for (let n = 101; n <= 107; n += 1) expect(judge(s, n, wrong).unread).not.toContain('canary for GPU-0-0');
    expect(judge(s, 108, wrong).unread).toContain('canary for GPU-0-0');
  });

  test('at once after a burst that its own past does not explain, where it is alone', () => {
    const s = oneHost();
    for (let n = 1; n <= 64; n += 1) judge(s, n, n % 16 === 0 ? wrong : passed);
    s.skip();
    for (let n = 101; n <= 132 && !s.unread.includes('canary for GPU-0-0'); n += 1) judge(s, n, wrong);
    expect(s.unread).toContain('canary for GPU-0-0');
  });

  test('at once after a burst of compile errors', () => {
    const s = oneHost();
    for (let n = 1; n <= 32 && !s.unread.includes('canary for GPU-0-0'); n += 1) {
      const result = { status: 'failed', outcome: COMPILE_ERROR } as const;
      s.add(n).send({ type: 'compiled', id: candidateId(n), hostId: hostId(0), result });
    }
    expect(s.unread).toContain('canary for GPU-0-0');
  });

  test('seldom where bursts turn out to be the candidates’ fault: never for more than a hundredth of the device’s time', () => {
    const s = oneHost();
    let canaries = 0;
    for (let n = 1; n <= 600; n += 1) {
      s.nowMs += 100;
      judge(s, n, wrong);
      if (!s.unread.includes('canary for GPU-0-0')) continue;
      canaries += 1;
      s.canary(0, 'passed').skip();
    }
    // A minute of nothing but bad candidates; each canary takes 50 ms.
    expect(canaries).toBeGreaterThan(0);
    expect(canaries * 50).toBeLessThanOrEqual(60_000 / CANARY_REFUSALS_SHARE_MAX);
  });

  test('again when what was asked is lost with the connection, or said nothing', () => {
    const s = judge(oneHost(), 1, passed).tickAt(FIRST_MS).skip();
    s.lost(0)
      .tickAt(FIRST_MS + 1_000)
      .expect();
    s.up(0).expect('canary for GPU-0-0');
    s.canary(0, 'inconclusive').expect();
    s.tickAt(FIRST_MS + 30_000).expect();
    s.tickAt(FIRST_MS + 62_000).expect('canary for GPU-0-0');
    expect(s.unread).toEqual([]);
  });
});

const failing = (): Scenario => judge(oneHost(), 1, passed).tickAt(FIRST_MS).skip();

describe('a device that fails its canary', () => {
  test('takes no work; what it holds is asked back, what it still says is not used, and costs nothing', () => {
    const s = failing().add(2).compiled(2, 0).add(3).compiled(3, 0).started(2, 1).skip();
    s.canary(0, 'failed').expect('GPU-0-0 is quarantined (1, again in 15 s)', 'retract 3.1 h0');
    s.judged(2, 1, wrong).expect('2 is queued again');
    s.retracted(0, [3, 1]).expect('3 is queued again');
    s.add(4).expect();
    expect(snapshot(s.core).byDevice[0]?.slots).toBe(0);
    expect(snapshot(s.core).byDevice[0]?.blocked).toMatch('quarantined');
  });

  test('has its candidates judged elsewhere', () => {
    const s = failing().add(2).compiled(2, 0).started(2, 1).up(1).skip();
    s.canary(0, 'failed').expect('GPU-0-0 is quarantined (1, again in 15 s)');
    s.judged(2, 1, wrong).expect('2 is queued again', '2 is compiling', 'compile 2 h1');
    expect(s.unread).toEqual([]);
  });

  test('is asked again, each time later, and works again when one passes', () => {
    const s = failing().canary(0, 'failed').skip();
    s.tickAt(FIRST_MS + 15_000).expect('canary for GPU-0-0');
    s.canary(0, 'failed').expect('GPU-0-0 is quarantined (2, again in 30 s)');
    s.tickAt(FIRST_MS + 44_000).expect();
    s.add(2)
      .tickAt(FIRST_MS + 45_000)
      .expect('canary for GPU-0-0');
    s.canary(0, 'passed').expect('GPU-0-0 is trusted and works again', '2 is compiling', 'compile 2 h0');
    expect(s.unread).toEqual([]);
  });

  test('works again when an operator says so, also while its runner says that it is free', () => {
    const s = failing().canary(0, 'failed').skip();
    s.changed(0).add(2).expect();
    s.send({ type: 'host-resumed', hostId: hostId(0) }).expect('2 is compiling', 'compile 2 h0');
    expect(s.unread).toEqual([]);
  });

  test('that an operator takes back is on probation: canaries follow soon after each other', () => {
    const s = failing().canary(0, 'failed').skip();
    s.send({ type: 'host-resumed', hostId: hostId(0) }).skip();
    s.tickAt(s.nowMs + PROBATION_EVERY_MS - 1).expect();
    s.tickAt(s.nowMs + 1).expect('canary for GPU-0-0');
    expect(s.unread).toEqual([]);
  });

  test('has the other devices of its host looked at too: the compiler is theirs as well', () => {
    const s = new Scenario().up(0, { count: 2 }).skip();
    judge(s, 1, passed).tickAt(FIRST_MS).skip();
    s.canary(0, 'failed').expect('GPU-0-0 is quarantined (1, again in 15 s)', 'canary for GPU-0-1');
    expect(s.unread).toEqual([]);
  });

  test('is quarantined after a restart as well', () => {
    const s = new Scenario().send({ type: 'quarantine-known', hostId: hostId(0), deviceId: 'GPU-0-0' as never, failures: 3 });
    s.up(0).add(1).expect('canary for GPU-0-0');
    s.canary(0, 'failed').expect('GPU-0-0 is quarantined (4, again in 120 s)');
    expect(s.unread).toEqual([]);
  });

  test('has screenings forgotten that wait for their confirmation elsewhere', () => {
    const s = failing()
      .add(2)
      .compiled(2, 0)
      .judged(2, 1, { ...passed, confirm: 'NVIDIA H100' })
      .up(1)
      .skip();
    s.canary(0, 'failed').skip();
    s.judged(2, 2, passed).compiled(2, 1).skip();
    // Too long without a result: no word of the quarantined device takes its place.
    s.tickAt(FIRST_MS + 500_000);
    expect(s.unread).not.toContain('2 is passed by 2.1');
  });
});

describe('a burst', () => {
  test('is many bad ones of few where few are usual, and nothing where most are', () => {
    const tally = createTally();
    for (let n = 0; n < 7; n += 1) countVerdict(tally, true);
    expect(isBurst(tally, { total: 1_000, bad: 0 })).toBe(false);
    countVerdict(tally, true);
    expect(isBurst(tally, { total: 30, bad: 1 })).toBe(true);
    expect(isBurst(tally, { total: 30, bad: 24 })).toBe(false);
  });
});

const returned = (): Scenario =>
  failing()
    .canary(0, 'failed')
    .tickAt(FIRST_MS + 15_000)
    .canary(0, 'passed')
    .skip();

const many = (hosts: number): Scenario => {
  const s = new Scenario();
  for (let n = 0; n < hosts; n += 1) s.up(n);
  return s.skip();
};
const fault = (s: Scenario, host: number, present = true): Scenario =>
  s.send({ type: 'device-fault', hostId: hostId(host), deviceId: `GPU-${host}-0` as never, present });

describe('much that is refused', () => {
  test('is looked into, burst or not: where four of five candidates are bad as a rule, a device that refuses all of them is found', () => {
    const s = new Scenario().up(0).skip();
    for (let n = 1; n <= 200; n += 1) {
      s.nowMs += 50;
      judge(s, n, n % 5 === 0 ? passed : wrong);
      while (s.unread.includes('canary for GPU-0-0')) s.skip().canary(0, 'passed');
    }
    s.skip();
    let verdicts = 0;
    for (let n = 1_001; n <= 1_100 && !s.unread.includes('canary for GPU-0-0'); n += 1) {
      s.nowMs += 50;
      judge(s, n, wrong);
      verdicts += 1;
      if (s.unread.includes('canary for GPU-0-0')) break;
    }
    expect(verdicts).toBeLessThan(100);
  });

  test('counts for all devices of a host together: they share a compiler', () => {
    const s = new Scenario().up(0, { count: 4, compileSlots: 4 }).skip();
    const canaries = (): readonly string[] => s.unread.filter((line) => line.startsWith('canary'));
    const early: string[] = [];
    // One on each device at a time: none of them has refused enough for itself.
    for (let first = 1; first <= CANARY_REFUSALS; first += 4) {
      early.push(...canaries());
      for (let n = first; n < first + 4; n += 1) s.add(n).compiled(n, 0);
      for (let n = first; n < first + 4; n += 1) s.judged(n, 1, wrong);
    }
    expect(early).toEqual([]);
    expect(canaries()).toHaveLength(1);
  });
});

describe('a device on probation', () => {
  test('has to pass some more, one soon after the other, and then is trusted like any', () => {
    const s = returned();
    for (let n = 1; n <= PROBATION_PASSES; n += 1) {
      s.tickAt(s.nowMs + PROBATION_EVERY_MS).expect('canary for GPU-0-0');
      s.canary(0, 'passed').expect('GPU-0-0 is trusted');
    }
    s.tickAt(s.nowMs + 10 * PROBATION_EVERY_MS).expect();
    expect(s.unread).toEqual([]);
  });

  test('goes out at once where one fails, for longer than before', () => {
    const s = returned();
    s.tickAt(s.nowMs + PROBATION_EVERY_MS).skip();
    s.canary(0, 'failed').expect('GPU-0-0 is quarantined (2, again in 30 s)');
    s.add(9).expect();
    expect(s.unread).toEqual([]);
  });
});

describe('what is no canary’s word', () => {
  test('a fault takes a device out, and it stays out while the fault is there, whatever passes', () => {
    const s = fault(many(3), 0).skip();
    s.tickAt(15_000).expect('canary for GPU-0-0');
    s.canary(0, 'passed').expect();
    fault(s, 0, false).expect('canary for GPU-0-0');
    s.canary(0, 'passed').expect('GPU-0-0 is trusted and works again');
    expect(s.unread).toEqual([]);
  });

  test('many failures of one host make it suspect: a canary is asked for, and it works meanwhile', () => {
    const s = many(2);
    for (let n = 1; n <= 16; n += 1) {
      s.lost(0).up(1).skip();
      judge(s, n, passed, 1).lost(1).up(0).skip();
    }
    for (let n = 101; n <= 116 && !s.unread.includes('canary for GPU-0-0'); n += 1) s.add(n).compiled(n, 0).broken(n, 1, 0);
    expect(s.unread).toContain('canary for GPU-0-0');
    expect(snapshot(s.core).byDevice[0]?.slots).toBe(1);
  });

  test('canaries that cannot be judged, three in a row, take it out', () => {
    const s = failing();
    s.canary(0, 'inconclusive').expect();
    s.tickAt(s.nowMs + 62_000)
      .canary(0, 'inconclusive')
      .skip();
    s.tickAt(s.nowMs + 62_000).skip();
    s.canary(0, 'inconclusive').expect('GPU-0-0 is quarantined (1, again in 15 s)');
    expect(s.unread).toEqual([]);
  });

  test('where more than half of a class would be out, the rest works on, and it is said', () => {
    const s = many(4);
    fault(s, 0).expect('GPU-0-0 is quarantined (1, again in 15 s)');
    fault(s, 1).expect('GPU-1-0 is quarantined (1, again in 15 s)');
    fault(s, 2).expect('GPU-2-0 would be quarantined, and works on');
    expect(snapshot(s.core).byDevice[0]?.slots).toBe(2);
    // Others came back: what is wrong with it counts again.
    for (const host of [0, 1]) {
      fault(s, host, false).skip();
      s.canary(0, 'passed', host).skip();
    }
    s.tickAt(s.nowMs + 15_000).skip();
    s.canary(0, 'passed', 2).expect('GPU-2-0 is quarantined (1, again in 15 s)');
  });

  test('a device that works on since more than half of its class would be out is no matter any more once an operator takes it as it is', () => {
    const s = many(2);
    fault(s, 0).skip();
    fault(s, 1).expect('GPU-1-0 would be quarantined, and works on');
    s.send({ type: 'host-resumed', hostId: hostId(1) }).skip();
    s.tickAt(s.nowMs + 15_000).skip();
    s.canary(0, 'passed', 1).expect('GPU-1-0 is trusted');
    expect(s.unread).toEqual([]);
  });
});
