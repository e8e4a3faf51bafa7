import { expect, test } from 'vitest';
import type { SubmitCandidate } from '../../../../src/domain/api/candidates.ts';
import type { McpKiln } from '../../../../src/mcp/mcp-kiln.ts';
import { submitCandidate } from '../../../../src/mcp/tools/candidate-tools.ts';

const PROGRAM = 'from part import double\n\ndef custom_kernel(data):\n    return double(data[0])\n';
const PART = 'def double(x):\n    return x + x\n';

/** What the tool asks of Kiln. */
const askedOf = async (input: Parameters<typeof submitCandidate.say>[1]): Promise<SubmitCandidate | undefined> => {
  let asked: SubmitCandidate | undefined;
  const kiln = {
    submit: async ([first]: readonly SubmitCandidate[]) => {
      asked = first;
      return Promise.reject(new Error('enough'));
    },
  } as unknown as McpKiln;
  await expect(submitCandidate.say({ kiln }, input)).rejects.toThrow('enough');
  return asked;
};
const usual = { problem: 'scale', params: {}, submitter: 'mcp', waitSeconds: 0 } as const;

test('a file in python is a program: what is called is told by its source, and other files are those that it imports', async () => {
  const asked = await askedOf({ ...usual, language: 'python', source: PROGRAM, files: { 'part.py': PART } });
  expect(asked).toMatchObject({
    language: 'python',
    device: 'H100',
    source: PROGRAM,
    program: {
      entry: { file: 'submission.py', symbol: 'custom_kernel', style: 'custom_kernel' },
      files: [{ path: 'part.py', content: PART }],
    },
  });
  expect(asked).not.toHaveProperty('files');
});

test('one that defines nothing to call is refused with what it must define', async () => {
  await expect(submitCandidate.say({ kiln: {} as McpKiln }, { ...usual, language: 'python', source: PART })).rejects.toThrow(
    /custom_kernel\(data\), a class ModelNew, or run/u,
  );
});

test('files of CUDA stay what its source includes', async () => {
  const asked = await askedOf({ ...usual, language: 'cuda', source: '#include "part.cuh"', files: { 'part.cuh': '//' } });
  expect(asked).toMatchObject({ files: { 'part.cuh': '//' } });
  expect(asked).not.toHaveProperty('program');
});
