import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SubmitCandidate } from '../../../../src/domain/api/candidates.ts';
import { prepareCandidate } from '../../../../src/engine/answers/prepare-candidate.ts';
import { loadProblems } from '../../../../src/problems/load-problems.ts';

const problems = loadProblems(join(import.meta.dirname, '../../../../kernels'));
const source = (problems.get('vector_add')?.files['baseline.c'] ?? '').replace('*/', '*/\n#include "lib/step.h"');
const rules = { problems, fleetClasses: [], sourceBytesMax: 20_000, hosts: [] };
const prepared = (changes: object = {}) =>
  prepareCandidate(
    SubmitCandidate.parse({
      problem: 'vector_add',
      device: 'cpu',
      language: 'c',
      source,
      files: { 'lib/step.h': '#define STEP 4\n' },
      ...changes,
    }),
    null,
    rules,
  );

describe('files that a candidate includes', () => {
  test('are part of its source, and of its id', () => {
    const { id, submission, outcome } = prepared();
    expect(outcome).toBeNull();
    expect(submission.content.source).toContain('#line 1 "step.h"\n#define STEP 4\n');
    expect(submission.content).not.toHaveProperty('files');
    expect(prepared().id).toBe(id);
    expect(prepared({ files: { 'lib/step.h': '#define STEP 8\n' } }).id).not.toBe(id);
    expect(prepared({ source: submission.content.source, files: undefined }).id).toBe(id);
  });

  test.each([
    ['a path that leads out', { '../step.h': '' }],
    ['a hidden file', { '.step.h': '' }],
    ['an absolute path', { '/etc/hostname': '' }],
    ['a text with NUL', { 'lib/step.h': '\0' }],
    ['too many', Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`f${n}.h`, '']))],
  ])('are refused for %s', (_what, files) => {
    expect(() => prepared({ files })).toThrow('files');
  });

  test('count towards the limit of a source where they stand', () => {
    expect(() => prepared({ files: { 'lib/step.h': '/'.repeat(20_000) } })).toThrow('the limit is 20000');
    expect(() => prepared({ files: { 'lib/other.h': '' } })).toThrow('files.lib/other.h: nothing includes it');
  });
});
