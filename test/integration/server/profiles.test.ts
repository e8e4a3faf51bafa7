import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClient, type KilnClient } from '../../../src/client/create-client.ts';
import { CandidateId } from '../../../src/domain/ids.ts';
import type { ProfileSummary } from '../../../src/domain/profile.ts';
import { containing } from '../../support/server/containing.ts';
import { type FakeServer, serveFake, until } from '../../support/server/serve-fake.ts';

const UNKNOWN = `c-${'0'.repeat(32)}`;
const SUMMARY: ProfileSummary = {
  source: 'ncu',
  note: null,
  case: 'big',
  deviceModel: 'NVIDIA H100 80GB HBM3',
  kernels: [],
};
const done = (rawBytes: number) => ({ status: 'done' as const, summary: SUMMARY, rawBytes });

describe('profiles through the typed client', () => {
  let server: FakeServer;
  let client: KilnClient;
  beforeEach(async () => {
    server = await serveFake();
    client = createClient({ url: server.url });
  });
  afterEach(() => server.stop());

  const submit = async (profile: boolean): Promise<CandidateId> => {
    const { candidates } = await client.submit([{ problem: 'vector_add', source: 'x', profile }]);
    return CandidateId.parse(candidates[0]?.id);
  };

  test('a candidate without a profile, or without a report, is not found, and told how to ask for one', async () => {
    const id = await submit(false);
    await expect(client.profile(id)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: containing(`POST /v1/candidates/${id}`),
    });
    await expect(client.profileReport(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(client.askProfile(UNKNOWN)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(client.profile('nonsense')).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    expect((await client.askProfile(id)).state).toMatchObject({ status: 'waiting' });
  });

  test('a long poll is answered when the profile is done, and the report comes byte for byte', async () => {
    const id = await submit(true);
    const waiting = client.profile(id, { waitSeconds: 60 });
    await until(() => server.kiln.listeners() > 0, 'the server follows the journal');
    const report = Uint8Array.from({ length: 1000 }, (_, index) => index % 256);
    server.kiln.finishProfile(id, done(report.length), report);
    expect((await waiting).state).toEqual(done(report.length));
    expect(Buffer.compare(await client.profileReport(id), report)).toBe(0);
  });
});
