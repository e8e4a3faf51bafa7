import { describe, expect, test } from 'vitest';
import { createLaneHistory } from '../../../../src/dashboard/model/lane-history.ts';
import { DeviceId } from '../../../../src/domain/ids.ts';
import { Activity } from '../../../../src/domain/api/activity.ts';

const START = Date.parse('2026-01-02T03:04:05.000Z');
const at = (ms: number): string => new Date(START + ms).toISOString();
const attempt = (number: number, own: Partial<Record<keyof Activity, unknown>> = {}): Activity =>
  Activity.parse({
    attemptId: `c-${'0'.repeat(32)}.${number}`,
    problem: 'softmax',
    hostId: 'box',
    deviceId: 'GPU-1',
    mode: 'screen',
    startedAt: at(100),
    finishedAt: at(200),
    verdict: 'passed',
    infra: null,
    idleGapMs: 10,
    loadMs: 20,
    checkMs: 30,
    measureMs: 40,
    ...own,
  });

describe('the history of lanes', () => {
  test('is the gap before an attempt, then loading, checking and measuring', () => {
    const history = createLaneHistory(60_000);
    history.add([attempt(1)], START + 1000);
    expect(history.stretchesOf('GPU-1').map(({ fromMs, toMs, state }) => [fromMs - START, toMs - START, state])).toEqual([
      [90, 100, 'waiting'],
      [100, 120, 'loading'],
      [120, 150, 'checking'],
      [150, 190, 'measuring'],
    ]);
  });

  test('shows what cost the device its judge as one fault', () => {
    const history = createLaneHistory(60_000);
    history.add([attempt(1, { verdict: 'timed_out' }), attempt(2, { verdict: null, infra: 'the disk is full' })], START + 1000);
    expect(history.stretchesOf('GPU-1').map(({ state }) => state)).toEqual(['fault', 'fault']);
    expect([...history.verdicts()]).toEqual([
      ['timed_out', 1],
      ['infra failure', 1],
    ]);
  });

  test('begins with what was summed up, and forgets it as its time passes', () => {
    const history = createLaneHistory(60_000);
    const begun = history.begin({
      since: at(0),
      until: at(30_000),
      devices: [
        {
          deviceId: DeviceId.parse('GPU-1'),
          endMs: [1000, 20_000],
          waitingMs: [5, 0],
          loadingMs: [0, 0],
          checkingMs: [20, 0],
          measuringMs: [75, 0],
          faultMs: [0, 4000],
        },
      ],
      verdicts: [
        { endMs: 1000, verdict: 'passed', count: 7 },
        { endMs: 20_000, verdict: 'crashed', count: 1 },
      ],
    });
    expect(begun.get('GPU-1')?.map(({ fromMs, toMs, state }) => [fromMs - START, toMs - START, state])).toEqual([
      [900, 905, 'waiting'],
      [905, 925, 'checking'],
      [925, 1000, 'measuring'],
      [16_000, 20_000, 'fault'],
    ]);
    expect(history.newest()).toBe(at(30_000));
    history.add([attempt(1, { startedAt: at(31_000), finishedAt: at(31_100) })], START + 31_100);
    expect([...history.verdicts()]).toEqual([
      ['passed', 8],
      ['crashed', 1],
    ]);
    history.add([attempt(2, { startedAt: at(70_000), finishedAt: at(70_100) })], START + 70_100);
    expect([...history.verdicts()]).toEqual([
      ['passed', 2],
      ['crashed', 1],
    ]);
  });

  test('takes an attempt once, however often it is told', () => {
    const history = createLaneHistory(60_000);
    history.add([attempt(1)], START + 1000);
    expect(history.add([attempt(1)], START + 1000).size).toBe(0);
    expect(history.stretchesOf('GPU-1')).toHaveLength(4);
    expect(history.newest()).toBe(at(200));
  });

  test('forgets what is older than its window', () => {
    const history = createLaneHistory(1000);
    history.add([attempt(1)], START + 1000);
    history.add([attempt(2, { startedAt: at(5000), finishedAt: at(5100) })], START + 5200);
    expect(history.stretchesOf('GPU-1').every(({ fromMs }) => fromMs > START + 4000)).toBe(true);
    expect([...history.verdicts()]).toEqual([['passed', 1]]);
  });

  test('counts what is in the window, whatever came and went', () => {
    const history = createLaneHistory(1000);
    const told = Array.from({ length: 300 }, (_, number) =>
      attempt(number + 1, {
        deviceId: `GPU-${number % 3}`,
        idleGapMs: 1,
        loadMs: 1,
        checkMs: 1,
        measureMs: 3,
        startedAt: at(number * 10),
        finishedAt: at(number * 10 + 5),
        verdict: number % 7 === 0 ? 'wrong_answer' : 'passed',
      }),
    );
    // Each answer tells the end of the one before once more.
    for (let from = 0; from < told.length; from += 20)
      history.add(told.slice(Math.max(0, from - 5), from + 20), START + (from + 19) * 10 + 5);
    const inWindow = told.filter(({ finishedAt }) => Date.parse(finishedAt) >= START + 2995 - 1000);
    const wrong = inWindow.filter(({ verdict }) => verdict === 'wrong_answer').length;
    expect(new Map(history.verdicts())).toEqual(
      new Map([
        ['passed', inWindow.length - wrong],
        ['wrong_answer', wrong],
      ]),
    );
    const shown = ['GPU-0', 'GPU-1', 'GPU-2'].flatMap((device) => history.stretchesOf(device));
    expect(Math.min(...shown.map(({ toMs }) => toMs))).toBeGreaterThanOrEqual(START + 1995);
  });
});
