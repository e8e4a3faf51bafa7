import { expect, test } from 'vitest';
import { rankingMark } from '../../../../src/dashboard/model/ranking-mark.ts';
import { CandidateId } from '../../../../src/domain/ids.ts';

const holder = CandidateId.parse(`c-${'1'.repeat(32)}`);
const former = CandidateId.parse(`c-${'2'.repeat(32)}`);
const tiedWith = (against: CandidateId) => ({
  record: false,
  fasterByTime: false,
  score: { pair: { against, ratio: 1, ratioLow: 0.99, ratioHigh: 1.01, result: 'tied' as const } },
});

test('an entry ties the record where it met the holder in a pair', () => {
  expect(rankingMark(tiedWith(holder), holder)).toBe('ties the record');
});

test('an entry that tied with a former holder does not tie the record', () => {
  expect(rankingMark(tiedWith(former), holder)).toBeNull();
});

test('the record and a shorter time come before what a pair said', () => {
  expect(rankingMark({ ...tiedWith(former), record: true }, holder)).toBe('record');
  expect(rankingMark({ ...tiedWith(holder), fasterByTime: true }, holder)).toBe('shorter time than the first');
});
