import { expect, test } from 'vitest';
import { nextTrial } from '../../../src/dashboard/model/next-trial.ts';
import { SubmitCandidate } from '../../../src/domain/api/candidates.ts';

test('another trial asks for all that the candidate asked for', () => {
  const submission = {
    problem: 'softmax',
    language: 'cuda' as const,
    params: { BLOCK: 128 },
    device: 'H100',
    trial: 2,
    priority: 7,
    submitter: 'ada',
    labels: ['host:box'],
    effort: 'full' as const,
  };
  const again = nextTrial({ ...submission, sourceBytes: 9, sweepId: null }, 'source');
  expect(SubmitCandidate.parse(again)).toEqual({ ...submission, source: 'source', trial: 3 });
});
