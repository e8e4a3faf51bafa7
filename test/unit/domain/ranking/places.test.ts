import { describe, expect, test } from 'vitest';
import { placed } from '../../../../src/domain/ranking/places.ts';
import { stoppedScoreOf } from '../../../../src/domain/ranking/score.ts';
import { basisText, scoreText, stoppedText } from '../../../../src/domain/text/describe.ts';
import { idOf, score } from '../../../support/builders.ts';

const STOPPED = {
  after: 'runs' as const,
  case: 'large',
  speedupMost: 0.61,
  timeLeastNs: 1640,
  needed: { speedup: 1.93, timeNs: 520 },
};
const stopped = (speedup: number) => stoppedScoreOf(score(speedup), STOPPED);
const entry = (name: string, own: ReturnType<typeof score>) => ({ candidateId: idOf(name), score: own, record: false });

describe('what was stopped early', () => {
  test('shares the last place, however its few runs look', () => {
    const entries = [entry('a', score(2)), entry('b', score(0.1)), entry('c', stopped(0.6)), entry('d', stopped(0.2))];
    expect(placed(entries).map(({ place, fasterByTime }) => [place, fasterByTime])).toEqual([
      [1, false],
      [2, false],
      [3, false],
      [3, false],
    ]);
  });

  test('is never shown as faster than it could have come to', () => {
    expect(stopped(0.5)).toMatchObject({ speedup: 0.5, speedupHigh: 0.61, rankKey: 0.5, timeNs: 2000 });
    expect(stopped(0.9)).toMatchObject({ speedup: 0.61, speedupHigh: 0.61, rankKey: 0.61, timeNs: 1640 });
  });

  test('says so, and what it would have had to reach', () => {
    expect(scoreText(stopped(0.5))).toBe('about 0.50x, at most 0.61x (stopped early)');
    expect(basisText(stopped(0.5))).toBe('stopped early');
    expect(stoppedText(score(1))).toBeNull();
    expect(stoppedText(stopped(0.5))).toBe(
      'after some timed runs of case large: it can come to 0.61x or 1.64 µs at best, the front of the ranking begins at 1.93x or 520 ns; submitted again with effort full, it is timed to the end',
    );
  });
});
