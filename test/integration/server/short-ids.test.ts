import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClient, type KilnClient } from '../../../src/client/create-client.ts';
import { containing } from '../../support/server/containing.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

let server: FakeServer;
let client: KilnClient;
beforeEach(async () => {
  server = await serveFake();
  client = createClient({ url: server.url });
});
afterEach(() => server.stop());

const submitted = async (): Promise<string> => {
  const { candidates } = await client.submit([{ problem: 'vector_add', source: 'x' }]);
  return candidates[0]?.id ?? '';
};

test('a candidate is found by the beginning of its id, in every route', async () => {
  const id = await submitted();
  const short = id.slice(0, 12);
  expect((await client.candidate(short)).id).toBe(id);
  expect((await client.source(short)).source).toBe('x');
  expect((await client.cancel(short)).id).toBe(id);
  for await (const event of client.candidateEvents(short)) expect(event.candidateId).toBe(id);
});

test('a beginning that fits several is refused, with all of them', async () => {
  const ids = ['1', '2'].map((last) => `c-abcd${last.padStart(28, '0')}`);
  server.kiln.idsWithPrefix = async () => Promise.resolve(ids);
  await expect(client.candidate('c-abcd')).rejects.toMatchObject({
    code: 'AMBIGUOUS_ID',
    message: `c-abcd is the beginning of several ids: ${ids.join(', ')}. Give more of it`,
    details: { ids },
  });
});

test('of very many that fit some are told', async () => {
  const ids = Array.from({ length: 9 }, (_, index) => `c-abcd${String(index).padStart(28, '0')}`);
  server.kiln.idsWithPrefix = async (_prefix, limit) => Promise.resolve(ids.slice(0, limit));
  await expect(client.candidate('c-abcd')).rejects.toMatchObject({ message: containing(', and more. Give more') });
});

test('one that nothing begins with is not found; one that is too short is no id', async () => {
  await expect(client.candidate('c-ffff')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: containing('begins with c-ffff'),
  });
  await expect(client.candidate('c-f')).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
    message: containing('the first 4 or more'),
  });
});

const SWEPT = '/* kiln\nparams: {BLOCK: 1}\nlaunch: [{kernel: f, args: []}]\n*/';

test('a filter takes the beginning of a sweep too', async () => {
  const { id } = await client.createSweep({ candidate: { problem: 'vector_add', source: SWEPT }, space: { BLOCK: [1, 2] } });
  expect((await client.sweep(id.slice(0, 8))).id).toBe(id);
  expect((await client.candidates({ sweep: id.slice(0, 8) })).candidates).toHaveLength(2);
});
