import { expect, test } from 'vitest';
import type { CreateSweep } from '../../../../src/domain/api/sweeps.ts';
import type { McpKiln } from '../../../../src/mcp/mcp-kiln.ts';
import { sweep } from '../../../../src/mcp/tools/sweep-tool.ts';

/** What the tool asks of Kiln, which knows one candidate with its params. */
const askedOf = async (input: Parameters<typeof sweep.say>[1]): Promise<CreateSweep | null> => {
  let asked: CreateSweep | null = null;
  const submission = { problem: 'scale', device: 'cpu', language: 'c', params: { BLOCK: 256, UNROLL: 4 } };
  const kiln = {
    candidate: async () => Promise.resolve({ submission }),
    source: async () => Promise.resolve({ source: 'its source', language: 'c' }),
    createSweep: async (request: CreateSweep) => {
      asked = request;
      return Promise.reject(new Error('enough'));
    },
  } as unknown as McpKiln;
  await expect(sweep.say({ kiln }, input)).rejects.toThrow('enough');
  return asked;
};
const usual = { params: {}, space: {}, strategy: 'grid', candidates: 8, waitSeconds: 0 } as const;
const id = `c-${'a'.repeat(32)}`;

test('a sweep of a candidate begins with its params, and varies what is asked for', async () => {
  const request = await askedOf({ ...usual, id, space: { BLOCK: [64, 128] } });
  expect(request).toMatchObject({
    candidate: { problem: 'scale', source: 'its source', params: {} },
    base: { BLOCK: 256, UNROLL: 4 },
    space: { BLOCK: [64, 128] },
  });
});

test('params that are named stay as they are, of a candidate and of a new source', async () => {
  expect(await askedOf({ ...usual, id, params: { UNROLL: 2 } })).toMatchObject({ candidate: { params: { UNROLL: 2 } } });
  const fresh = await askedOf({ ...usual, problem: 'scale', source: 'x', language: 'c', params: { UNROLL: 2 } });
  expect(fresh).toMatchObject({ candidate: { params: { UNROLL: 2 }, device: 'cpu' } });
  expect(fresh).not.toHaveProperty('base');
});
