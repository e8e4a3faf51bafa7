import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClient, type KilnClient } from '../../../src/client/create-client.ts';
import type { Role } from '../../../src/domain/access/role.ts';
import { overHttp } from '../../support/server/mcp-client.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const TOKEN = 'a-token-for-the-tests';
const SOURCE = '/* kiln\nparams: {BLOCK: 1}\nlaunch:\n  - {kernel: add, args: [a, b, out, n]}\n*/\n';

let server: FakeServer;
let admin: KilnClient;
beforeEach(async () => {
  server = await serveFake({ config: { token: TOKEN, port: 7070 } });
  admin = createClient({ url: server.url, token: TOKEN });
});
afterEach(() => server.stop());

const tokenOf = async (role: Role, name: string = role): Promise<string> => (await admin.createToken({ name, role })).token;
const as = async (role: Role, name: string = role): Promise<KilnClient> =>
  createClient({ url: server.url, token: await tokenOf(role, name) });

describe('the audit list', () => {
  test('says who did what to what, when, and what it came to; refusals too', async () => {
    const boss = createClient({ url: server.url, token: await tokenOf('admin', 'boss'), user: 'eve@laptop' });
    const reader = await as('read');
    await boss.holdHost('box', { state: 'draining', reason: 'new cable' });
    await expect(reader.holdHost('box', { state: 'draining', reason: 'x' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(boss.pause({ select: { ids: [`c-${'0'.repeat(32)}`] as never } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect.poll(async () => (await admin.audit({ limit: 1 })).entries[0]?.status).toBe(404);
    const { entries } = await admin.audit();
    expect(entries.map(({ who, role, action, target, status }) => [who, role, action, target, status])).toEqual([
      ['boss', 'admin', 'pauseCandidates', '', 404],
      ['read', 'read', 'holdHost', 'box', 403],
      ['boss', 'admin', 'holdHost', 'box', 200],
      ['operator', 'admin', 'createToken', '', 200],
      ['operator', 'admin', 'createToken', '', 200],
    ]);
    expect(entries[2]).toMatchObject({ says: 'eve@laptop', detail: { state: 'draining', reason: 'new cable' } });
    expect((await admin.audit({ who: 'boss', action: 'holdHost' })).entries).toHaveLength(1);
    await expect(reader.audit()).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test('has an entry for each of two equal operations, whatever else is written behind the address', async () => {
    const request = {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ state: 'draining', reason: 'new cable' }),
    };
    const url = `${server.url}/v1/hosts/box/hold?transfer=${'f'.repeat(16)}`;
    for (const _ of [1, 2]) expect((await fetch(url, request)).status).toBe(200);
    expect((await admin.audit({ action: 'holdHost' })).entries).toHaveLength(2);
  });

  test('is read a page at a time', async () => {
    for (const name of ['a', 'b', 'c']) await admin.createToken({ name, role: 'read' });
    const first = await admin.audit({ limit: 2 });
    const second = await admin.audit({ limit: 2, before: first.next ?? 0 });
    expect([...first.entries, ...second.entries].map(({ detail }) => detail['name'])).toEqual(['c', 'b', 'a']);
    expect(second.next).toBeNull();
  });
});

describe('what tools of MCP do', () => {
  test('is in the audit list as the same operations of the API are, with what they came to', async () => {
    const [token, bob] = [await tokenOf('submit', 'ada'), await as('submit', 'bob')];
    const sweep = await bob.createSweep({
      candidate: { problem: 'vector_add', language: 'cuda', source: SOURCE },
      space: { BLOCK: [1, 2] },
    });
    const talk = await overHttp({ url: server.url, token });
    const args = { problem: 'vector_add', language: 'cuda', source: SOURCE, waitSeconds: 0 };
    await talk.call('submit_candidate', args);
    const id = (await admin.candidates()).candidates.find(({ submission }) => submission.submitter === 'ada')?.id ?? '';
    expect((await talk.call('cancel', { id })).isError).toBe(false);
    expect((await talk.call('cancel', { id: sweep.id })).isError).toBe(true);
    expect((await talk.call('sweep', { ...args, space: { BLOCK: [1, 4] } })).isError).toBe(false);
    await talk.close();
    const { entries } = await admin.audit({ who: 'ada' });
    expect(entries.map(({ action, target, status }) => [action, target, status])).toEqual([
      ['createSweep', '', 200],
      ['cancelSweep', sweep.id, 403],
      ['cancelCandidate', id, 200],
    ]);
    expect(JSON.stringify(entries)).not.toContain('launch');
  });
});
