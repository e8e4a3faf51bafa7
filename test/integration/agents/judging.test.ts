import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { SubmitCandidate } from '../../../src/domain/api/candidates.ts';
import { loadProblems } from '../../../src/problems/load-problems.ts';
import { createQuickJudging } from '../../support/agents/quick-judging.ts';
import { AnsweringSession } from '../../support/answering-session.ts';
import { passed } from '../../support/judgements.ts';
import { openEngine, type OpenEngine } from '../../support/open-engine.ts';
import { describeJudging } from './judging.conformance.ts';

let count = 0;

const sourceOf = (words: string): string => `/* kiln
params: {NUMBER: ${(count += 1)}}
launch:
  - {kernel: scale, grid: [ceil_div(n, 256)], block: [256], args: [x, y, factor, n]}
*/
// ${words}`;

const candidateOf =
  (problem: string) =>
  (words = 'speedup 1') =>
    SubmitCandidate.parse({ problem, device: 'H100', language: 'cuda', source: sourceOf(words), submitter: 'ada' });

describe('judging', () => {
  let open: OpenEngine;
  const session = new AnsweringSession('box', {
    outcomeOf: (source) =>
      source.includes('verdict crashed') ? { verdict: 'crashed', case: '16M', message: 'illegal address' } : passed(1),
  });

  beforeAll(async () => {
    open = await openEngine(loadProblems(join(import.meta.dirname, '../../fixtures/problems')), [session]);
    session.connect();
  });
  afterAll(async () => open.close());

  describeJudging('the engine', () => ({ judging: open.engine.kiln, problem: 'scale', candidate: candidateOf('scale') }));
});

const quick = createQuickJudging({ judgeMs: 1 });
afterAll(() => quick.close());
describeJudging('quick judging', () => ({ judging: quick, problem: 'vector_add', candidate: candidateOf('vector_add') }));
