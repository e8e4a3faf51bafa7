import { describe, expect, test } from 'vitest';
import { CandidateContent } from '../../../../src/domain/candidate.ts';
import type { Outcome } from '../../../../src/domain/outcome.ts';
import type { Score } from '../../../../src/domain/records.ts';
import { standingOf } from '../../../../src/engine/judging/standing.ts';
import { passed } from '../../../fixtures/server/fake-kiln.ts';

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

describe('what a would-be record is worth when its confirmation came to nothing', () => {
  const screened = { outcome, score: score(2) };

  test.each([
    ['was lost with its host', null],
    [
      'took too long',
      {
        outcome: { verdict: 'timed_out', stage: 'measure', case: 'a', limitMs: 1 },
        score: null,
        record: false,
        mustConfirm: false,
        holder: null,
        spread: null,
      },
    ],
  ] as const)('it keeps the score of its screening where the last attempt %s', (_, evaluation) => {
    expect(standingOf(records, { submission, evaluation, screened }, { outcome, unconfirmed: true })).toEqual({
      score: score(2),
      record: false,
    });
  });

  test('what was confirmed has the score of its confirmation', () => {
    const evaluation = {
      outcome,
      score: { ...score(3), confirmed: true },
      record: true,
      mustConfirm: false,
      holder: null,
      spread: null,
    };
    const standing = standingOf(records, { submission, evaluation, screened }, { outcome, unconfirmed: false });
    expect(standing).toEqual({ score: evaluation.score, record: true });
  });
});
