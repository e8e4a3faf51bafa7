import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClient, type KilnClient } from '../../../src/client/create-client.ts';
import type { Role } from '../../../src/domain/access/role.ts';
import { openTokenBook } from '../../../src/server/callers/token-book.ts';
import { createSessions } from '../../../src/server/sign-in/sessions.ts';
import { containing } from '../../support/server/containing.ts';
import { createFakeAccess } from '../../support/server/fake-access.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const TOKEN = 'a-token-for-the-tests';

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

describe('a token', () => {
  test('is told once, and neither it nor its digest is told again', async () => {
    const { token, ...told } = await admin.createToken({ name: 'ada', role: 'submit', days: 7 });
    expect(await admin.tokens()).toEqual({ tokens: [told] });
    expect(token).toMatch(/^t-[0-9a-f]{16}\.[\w-]{43}$/u);
    expect(JSON.stringify([await admin.tokens(), await admin.audit()])).not.toContain(token.slice(20));
    await expect(admin.createToken({ name: 'ada', role: 'read' })).rejects.toMatchObject({ message: containing('already') });
  });

  test('says who its holder is', async () => {
    const ada = await as('submit', 'ada');
    expect(await ada.access()).toEqual({ name: 'ada', role: 'submit', submitter: 'ada', isForOthers: false, expiresAt: null });
    expect(await admin.access()).toMatchObject({ name: 'operator', role: 'admin', submitter: null });
  });

  test('that was revoked opens nothing, nor do the sessions that were made with it', async () => {
    const token = await tokenOf('read', 'ada');
    const form = {
      method: 'POST',
      redirect: 'manual' as const,
      headers: { origin: server.url },
      body: new URLSearchParams({ token }),
    };
    const signedIn = await fetch(`${server.url}/sign-in`, form);
    const cookie = /^[^;]+/u.exec(signedIn.headers.get('set-cookie') ?? '')?.[0] ?? '';
    const look = async (): Promise<number> => (await fetch(`${server.url}/v1/queue`, { headers: { cookie } })).status;
    expect([signedIn.status, await look()]).toEqual([303, 200]);
    const held = await fetch(`${server.url}/v1/fleet/refresh`, { method: 'POST', headers: { cookie, origin: server.url } });
    expect(held.status).toBe(403);
    await admin.revokeToken('ada');
    expect(await look()).toBe(401);
    await expect(createClient({ url: server.url, token }).queue()).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: containing('revoked'),
    });
    expect((await admin.createToken({ name: 'ada', role: 'read' })).name).toBe('ada');
  });

  test('opens nothing from the moment on at which it expires', async () => {
    let nowMs = Date.parse('2026-01-01T00:00:00.000Z');
    const book = await openTokenBook({ store: createFakeAccess(), now: () => nowMs });
    const { token, id } = await book.create({ name: 'ada', role: 'read', anySubmitter: false, days: 1 }, 'operator');
    nowMs += 24 * 3_600_000 - 1;
    expect([book.principalOf(token)?.name, book.principalById(id)?.name]).toEqual(['ada', 'ada']);
    nowMs += 1;
    expect([book.principalOf(token), book.principalById(id)]).toEqual([null, null]);
  });

  test('is known again after a restart', async () => {
    const store = createFakeAccess();
    const before = await openTokenBook({ store, now: () => 0 });
    const { token } = await before.create({ name: 'ada', role: 'submit', anySubmitter: false }, 'operator');
    const after = await openTokenBook({ store, now: () => 0 });
    expect(after.principalOf(token)).toMatchObject({ name: 'ada', role: 'submit', submitter: 'ada' });
    expect(after.principalOf(`${token.slice(0, -1)}${token.endsWith('A') ? 'Q' : 'A'}`)).toBeNull();
  });

  test('is not called as the operator is: nobody could tell them apart in the audit list', async () => {
    for (const name of ['operator', 'Operator']) {
      await expect(admin.createToken({ name, role: 'read' })).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
        message: containing('take another name'),
      });
    }
  });

  test('has its name for itself, also when two are made at once', async () => {
    const book = await openTokenBook({ store: createFakeAccess(), now: () => 0 });
    const wish = { name: 'ada', role: 'read', anySubmitter: false } as const;
    const made = await Promise.allSettled([1, 2].map(async () => book.create(wish, 'operator')));
    expect(made.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  test('that could not be written opens nothing, and its name is free', async () => {
    const store = createFakeAccess();
    const book = await openTokenBook({
      store: { ...store, addToken: async () => Promise.reject(new Error('no space left')) },
      now: () => 0,
    });
    const wish = { name: 'ada', role: 'read', anySubmitter: false } as const;
    await expect(book.create(wish, 'operator')).rejects.toThrow('no space left');
    expect(book.list()).toEqual([]);
    await expect(book.create(wish, 'operator')).rejects.toThrow('no space left');
  });

  test('ends the streams that were opened with it, or with a session from it, when it is revoked', async () => {
    const token = await tokenOf('read', 'ada');
    const form = { method: 'POST', redirect: 'manual' as const, headers: { origin: server.url } };
    const signedIn = await fetch(`${server.url}/sign-in`, { ...form, body: new URLSearchParams({ token }) });
    const cookie = /^[^;]+/u.exec(signedIn.headers.get('set-cookie') ?? '')?.[0] ?? '';
    const ways: readonly Record<string, string>[] = [{ authorization: `Bearer ${token}` }, { cookie }];
    const streams = await Promise.all(ways.map(async (headers) => fetch(`${server.url}/v1/events`, { headers })));
    expect(streams.map(({ status }) => status)).toEqual([200, 200]);
    await admin.revokeToken('ada');
    server.kiln.emit('daemon.started', null, { n: 1 });
    for (const text of await Promise.all(streams.map(async (stream) => stream.text()))) expect(text).not.toContain('data:');
  });

  test('ends them when it expires, and a session when it is signed out', async () => {
    let nowMs = Date.parse('2026-01-01T00:00:00.000Z');
    const book = await openTokenBook({ store: createFakeAccess(), now: () => nowMs });
    const { id } = await book.create({ name: 'ada', role: 'read', anySubmitter: false, days: 1 }, 'operator');
    nowMs += 24 * 3_600_000 - 20;
    const expired = new Promise((resolve) => book.whenOver(id)(() => resolve('expired')));
    nowMs += 20;
    expect(await expired).toBe('expired');
    const sessions = createSessions({ token: TOKEN, now: () => nowMs });
    const value = sessions.issue(null);
    const signedOut = new Promise((resolve) => sessions.whenOver(value)(() => resolve('signed out')));
    sessions.end(value);
    expect(await signedOut).toBe('signed out');
  });

  test('of role read submits nothing, so it takes no submitter', async () => {
    await expect(admin.createToken({ name: 'ada', role: 'read', submitter: 'ada' })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: containing('body.submitter'),
    });
  });
});
