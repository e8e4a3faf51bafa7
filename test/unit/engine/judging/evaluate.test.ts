import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CandidateContent, Submission } from '../../../../src/domain/candidate.ts';
import { CandidateId, DeviceId } from '../../../../src/domain/ids.ts';
import type { RecordHolder } from '../../../../src/domain/ranking/score.ts';
import { NO_SPREAD } from '../../../../src/domain/ranking/spread.ts';
import { createActiveCandidate } from '../../../../src/engine/active-candidates.ts';
import { evaluate, unconfirmedScore } from '../../../../src/engine/judging/evaluate.ts';
import type { EvaluationContext } from '../../../../src/engine/judging/evaluate.ts';
import { loadProblems } from '../../../../src/problems/load-problems.ts';
import { answered, passed, WRONG } from '../../../support/judgements.ts';

const MODEL = 'NVIDIA H100 80GB HBM3';
const idOf = (digit: string): CandidateId => CandidateId.parse(`c-${digit.repeat(32)}`);
const loaded = loadProblems(join(import.meta.dirname, '../../../fixtures/problems')).get('scale');
const device = {
  id: DeviceId.parse('GPU-0'),
  kind: 'gpu',
  model: MODEL,
  architecture: 'sm_90a',
  memoryBytes: 1,
  multiprocessors: 132,
  l2Bytes: 1,
  copyBytesPerSecond: null,
  unavailable: null,
} as const;

const candidate = (trial = 0) => {
  if (!loaded) throw new Error('no problem "scale"');
  const problemVersion = loaded.contentHash('gpu');
  const content = CandidateContent.parse({
    problem: 'scale',
    problemVersion,
    language: 'cuda',
    source: 'x',
    params: {},
    device: 'H100',
    trial,
  });
  const submission = Submission.parse({ content, priority: 1, submitter: 'ada', labels: [], sweepId: null });
  return createActiveCandidate(idOf('1'), submission, loaded, { nowMs: 0, byAnswers: null });
};

const context = (changes: Partial<EvaluationContext> = {}): EvaluationContext => ({
  candidate: candidate(),
  device,
  mode: 'screen',
  holder: null,
  spread: NO_SPREAD,
  pairedWith: undefined,
  ...changes,
});

/** What a candidate of that speed-up scores where it meets nobody. */
const scored = (speedup: number) => {
  const { score } = evaluate(passed(speedup), context());
  if (!score) throw new Error('it has no score');
  return score;
};
const holderAt = (speedup: number, digit = '2'): RecordHolder => ({ candidateId: idOf(digit), score: scored(speedup) });
const holder = holderAt(2);

/** Mode, the speed-up and the ratio of the pair; the holder now and when it was sent -> confirm again? the record? */
const CASES = [
  ['a first screening', 'screen', [2], null, undefined, { mustConfirm: true, record: false }],
  ['a screening well below the record', 'screen', [1.5], holder, undefined, { mustConfirm: false, record: false }],
  ['a screening whose interval reaches the record', 'screen', [1.999], holder, undefined, { mustConfirm: true, record: false }],
  ['a screening above the record', 'screen', [3], holder, undefined, { mustConfirm: true, record: false }],
  ['a confirmation without a record', 'confirm', [2], null, null, { mustConfirm: false, record: true }],
  ['a pair that is won', 'confirm', [3, 1.5], holder, holder, { mustConfirm: false, record: true }],
  ['a pair that is tied', 'confirm', [3, 1], holder, holder, { mustConfirm: false, record: false }],
  ['a pair that is lost', 'confirm', [3, 0.8], holder, holder, { mustConfirm: false, record: false }],
  ['a pair that was measured without its holder', 'confirm', [3], holder, holder, { mustConfirm: false, record: false }],
  ['a pair with a former holder', 'confirm', [3, 1.5], holder, holderAt(1.5, '3'), { mustConfirm: true, record: false }],
  ['a pair with nobody, and a holder since', 'confirm', [3], holder, null, { mustConfirm: true, record: false }],
  [
    'a pair with somebody that is not known any more',
    'confirm',
    [3, 1.5],
    holder,
    undefined,
    { mustConfirm: true, record: false },
  ],
  [
    'a pair with a holder that is taken back, and below nobody',
    'confirm',
    [3, 1.5],
    null,
    holder,
    { mustConfirm: true, record: false },
  ],
] as const;

describe('a judgement that passed', () => {
  test.each(CASES)('%s', (_what, mode, [speedup, ratio], now, pairedWith, expected) => {
    const evaluation = evaluate(passed(speedup, ratio), context({ mode, holder: now, pairedWith }));
    expect(evaluation).toMatchObject(expected);
    expect(evaluation.score?.confirmed).toBe(mode === 'confirm' && !expected.mustConfirm);
  });

  test('in a pair measures the holder once more, and teaches what judgements of one code differ by', () => {
    const refined = evaluate(passed(3, 1.5), context({ mode: 'confirm', holder, pairedWith: holder }));
    expect(refined.holder).toMatchObject({ candidateId: holder.candidateId, score: { judgements: 2 } });
    expect(refined.spread?.confirmed.count).toBe(1);
    expect(evaluate(passed(3), context({ holder }))).toMatchObject({ holder: null, spread: null });
  });

  test('by answers that are too short to be ranked is scored, and neither confirmed nor a record', () => {
    for (const mode of ['screen', 'confirm'] as const) {
      const evaluation = evaluate(answered(200 / 19), context({ mode, pairedWith: null }));
      expect(evaluation).toMatchObject({
        mustConfirm: false,
        record: false,
        score: { answers: { tooShort: true }, confirmed: false },
      });
    }
    expect(evaluate(answered(1), context())).toMatchObject({ mustConfirm: true });
  });

  test('as another trial is scored, and can neither be confirmed nor hold the record', () => {
    const trial = { candidate: candidate(1), holder, pairedWith: holder };
    for (const mode of ['screen', 'confirm'] as const) {
      expect(evaluate(passed(3, 1.5), context({ ...trial, mode }))).toMatchObject({
        mustConfirm: false,
        record: false,
        score: { confirmed: false, speedup: expect.closeTo(3) as number },
      });
    }
  });

  test('below the floor of its device is implausible, whatever it was paired with', () => {
    const tooFast = evaluate(passed(50, 25), context({ mode: 'confirm', holder, pairedWith: holder }));
    expect(tooFast).toMatchObject({ outcome: { verdict: 'implausible', case: '16M' }, score: null, record: false });
  });

  test('on a device whose peak rates nobody knows is held against no floor', () => {
    const unknown = { ...device, model: 'Some GPU' };
    expect(evaluate(passed(50), context({ device: unknown })).outcome.verdict).toBe('passed');
  });
});

test('a disturbed judgement ranks behind the record, however fast it looked, and takes none', () => {
  const disturbed = { ...passed(3), disturbed: 'its clocks were held down by hw_thermal_slowdown' };
  const evaluation = evaluate(disturbed, context({ mode: 'confirm', holder, pairedWith: holder }));
  expect(evaluation).toMatchObject({ record: false, mustConfirm: false, score: { confirmed: false } });
  expect(evaluation.score?.speedup).toBeCloseTo(3);
  expect(evaluation.score?.rankKey).toBeLessThan(holder.score.rankKey);
});

test('any other verdict has no score, and nothing to confirm', () => {
  expect(evaluate(WRONG, context({ mode: 'confirm', holder, pairedWith: holder }))).toEqual({
    outcome: WRONG,
    score: null,
    record: false,
    mustConfirm: false,
    holder: null,
    spread: null,
  });
});

test('what could not be confirmed ranks behind the record, however fast it looked', () => {
  const unconfirmed = unconfirmedScore({ ...scored(3), confirmed: true }, holder);
  expect(unconfirmed).toMatchObject({ confirmed: false, speedup: expect.closeTo(3) as number });
  expect(unconfirmed.rankKey).toBeLessThan(holder.score.rankKey);
  expect(unconfirmedScore(scored(3), null).rankKey).toBeCloseTo(3);
});
