import { describe, expect, test } from 'vitest';
import { CandidateContent } from '../../../../src/domain/candidate.ts';
import { type AttemptId, CandidateId, attemptIdOf } from '../../../../src/domain/ids.ts';
import type { Outcome } from '../../../../src/domain/outcome.ts';
import type { Score } from '../../../../src/domain/ranking/ranking.ts';
import type { Evaluation } from '../../../../src/engine/active-candidates.ts';
import { standingOf } from '../../../../src/engine/judging/standing.ts';
import { passed } from '../../../support/server/fake-outcomes.ts';

const score = (speedup: number): Score => ({
  speedup,
  speedupLow: speedup,
  speedupHigh: speedup,
  timeNs: 1000,
  floorShare: null,
  deviceModel: 'NVIDIA H100',
  rankKey: speedup,
  confirmed: false,
  method: 'cached',
  judgements: 1,
  pair: null,
});
const content = CandidateContent.parse({
  problem: 'vector_add',
  problemVersion: 'a'.repeat(64),
  language: 'cuda',
  source: 'x',
  params: {},
  device: 'H100',
  trial: 0,
});
const submission = { content, submitter: 'a', priority: 1, labels: [], sweep: null } as never;
const records = { holder: () => null };
const outcome: Outcome = passed(2);

const evaluationOf = (speedup: number, changes: Partial<Evaluation> = {}): Evaluation => ({
  outcome,
  score: score(speedup),
  record: false,
  mustConfirm: false,
  holder: null,
  spread: null,
  ...changes,
});
const candidateId = CandidateId.parse(`c-${'1'.repeat(32)}`);
const [SCREEN, CONFIRM] = [1, 2].map((attempt) => attemptIdOf(candidateId, attempt)) as [AttemptId, AttemptId];

const attempt = (mode: 'screen' | 'confirm', evaluation: Evaluation | null) =>
  ({ mode, pairedWith: undefined, madeBy: null, isByAnswers: false, artifacts: [], evaluation }) as const;

/** Screened at twice the baseline, and confirmed as `confirmation` says. */
const standing = (attemptId: AttemptId | null, confirmation: Evaluation | null) => {
  const attempts = new Map([
    [SCREEN, attempt('screen', evaluationOf(2, { mustConfirm: true }))],
    [CONFIRM, attempt('confirm', confirmation)],
  ]);
  return standingOf(records, { submission, attempts }, { outcome, attemptId });
};

describe('what a candidate that passed is worth', () => {
  test.each([
    ['was lost with its host', null],
    [
      'took too long',
      evaluationOf(0, { outcome: { verdict: 'timed_out', stage: 'measure', case: 'a', limitMs: 1 }, score: null }),
    ],
  ] as const)('is the score of its screening where its confirmation %s', (_, confirmation) => {
    expect(standing(SCREEN, confirmation)).toEqual({ score: score(2), record: false });
  });

  test('is the score of its confirmation', () => {
    const confirmed = { ...score(3), confirmed: true };
    expect(standing(CONFIRM, evaluationOf(3, { score: confirmed, record: true }))).toEqual({ score: confirmed, record: true });
  });

  test('is the score of the judgement that is its verdict, where that still wants a confirmation', () => {
    expect(standing(CONFIRM, evaluationOf(3, { mustConfirm: true }))).toEqual({ score: score(3), record: false });
  });

  test('is nothing where nobody knows what its judge said', () => {
    expect(standing(null, null)).toEqual({ score: null, record: false });
  });
});
