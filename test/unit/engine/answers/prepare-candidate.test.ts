import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SubmitCandidate } from '../../../../src/domain/api/candidates.ts';
import { prepareCandidate } from '../../../../src/engine/answers/prepare-candidate.ts';
import { loadProblems } from '../../../../src/problems/load-problems.ts';

const problems = loadProblems(join(import.meta.dirname, '../../../../kernels'));
const prepared = (asked: object) =>
  prepareCandidate(SubmitCandidate.parse({ problem: 'vector_add', source: 'x', ...asked }), null, {
    problems,
    fleetClasses: [],
    sourceBytesMax: 20_000,
    hosts: [],
  });

describe('a candidate of a language that its device does not run', () => {
  test.each([
    ['c', 'H100', 'language: "c" does not run on this device; use cuda or triton or python, or another device'],
    ['cuda', 'cpu', 'language: "cuda" does not run on this device; use c, or another device'],
    ['python', 'cpu', 'language: "python" does not run on this device; use c, or another device'],
  ])('%s on %s is told all that it does run', (language, device, message) => {
    expect(() => prepared({ language, device })).toThrow(message);
  });
});
