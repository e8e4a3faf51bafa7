import { describe, expect, test } from 'vitest';
import { parseFleet } from '../../../src/config/fleet-config.ts';
import type { HostConfig } from '../../../src/domain/fleet.ts';
import { HostId } from '../../../src/domain/ids.ts';
import type { AddedHost } from '../../../src/domain/ports/fleet-control.ts';
import type { HostControl } from '../../../src/domain/ports/host-control.ts';
import type { HostSession } from '../../../src/domain/ports/host-session.ts';
import type { NewJournalEvent } from '../../../src/domain/journal.ts';
import { createLiveFleet } from '../../../src/fleet/live-fleet.ts';
import { createReconciler } from '../../../src/fleet/reconcile.ts';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const ssh = (name: string, more = ''): string =>
  `  - {name: ${name}, ssh: {host: 192.0.2.1, user: kiln, key: /k, hostKey: "SHA256:${'A'.repeat(43)}"}${more}}\n`;
const fileOf = (...hosts: readonly string[]): string => `hosts:\n${hosts.join('')}`;
const entry = (name: string) => ({ name, ssh: { host: '192.0.2.9', user: 'kiln', key: '/k' } });
const hostId = (name: string): HostId => HostId.parse(name);

const createSession = ({ name }: HostConfig) => ({ hostId: name }) as HostSession;

/** A fleet over a file and hosts that the test decides. What is done to the hosts is written down. */
const open = (text: string, added: readonly AddedHost[] = []) => {
  const place = { file: '/etc/kiln/fleet.yaml', env: {} };
  const file = { text };
  const said: string[] = [];
  const events: string[] = [];
  const stored = new Map(added.map((host) => [host.name, host]));
  const drains = new Map<string, PromiseWithResolvers<void>>();
  const control: HostControl = {
    add: async ({ hostId: name }) => Promise.resolve(void said.push(`add ${name}`)),
    relabel: (name, labels) => void said.push(`relabel ${name} ${labels.join(',')}`),
    remove: async (name, { shutdownRunner }) => {
      said.push(`drain ${name}`);
      const drained = Promise.withResolvers<void>();
      drains.set(name, drained);
      await drained.promise;
      said.push(`remove ${name}${shutdownRunner ? ' and its runner' : ''}`);
    },
  };
  const load = () => parseFleet(file.text, place);
  const parseHost = (host: object): HostConfig => {
    const [one] = parseFleet(JSON.stringify({ hosts: [host] }), place).hosts;
    if (!one) throw new Error('no host');
    return one;
  };
  const fileHosts = load().hosts;
  const log = { info: () => undefined, error: () => undefined };
  const initial = [...fileHosts, ...added.map(({ host }) => parseHost(host))];
  const reconciler = createReconciler({ control, createSession, initial, log });
  const clock = { now: NOW };
  const live = createLiveFleet({
    file: place.file,
    load,
    parseHost,
    fileHosts,
    added,
    store: {
      addedHosts: async () => Promise.resolve([...stored.values()]),
      keepHost: async (host) => Promise.resolve(void stored.set(host.name, host)),
      dropHost: async (name) => Promise.resolve(void stored.delete(name)),
    },
    reconciler,
    note: async ({ type }: NewJournalEvent) => Promise.resolve(void events.push(type)),
    now: () => clock.now,
    log,
  });
  const settle = async (): Promise<void> => reconciler.reconciled();
  return { live, file, said, events, stored, clock, settle, drained: (name: string) => drains.get(name)?.resolve() };
};

describe('a fleet file that changed', () => {
  test('is planned, and applied to the hosts that differ alone; what leaves drains first', async () => {
    const { live, file, said, events, settle, drained } = open(fileOf(ssh('a'), ssh('b'), ssh('c'), ssh('d')));
    file.text = fileOf(ssh('a'), ssh('b', ', labels: [eu]'), ssh('c', ', compileSlots: 2'), ssh('e'));
    const changes = [
      { host: 'd', change: 'remove', fields: [] },
      { host: 'b', change: 'relabel', fields: ['labels'] },
      { host: 'c', change: 'replace', fields: ['compileSlots'] },
      { host: 'e', change: 'add', fields: [] },
    ];
    expect(await live.plan()).toEqual({ file: '/etc/kiln/fleet.yaml', changes, unchanged: 1, applied: false });
    expect(said).toEqual([]);
    expect(await live.reload()).toMatchObject({ changes, applied: true });
    expect(said.toSorted()).toEqual(['add e', 'drain c', 'drain d', 'relabel b eu']);
    drained('c');
    drained('d');
    await settle();
    expect(said.slice(4).toSorted()).toEqual(['add c', 'remove c', 'remove d and its runner']);
    expect(events).toEqual(['fleet.reloaded']);
    expect(await live.reload()).toMatchObject({ changes: [], unchanged: 4 });
    expect(events).toEqual(['fleet.reloaded']);
  });

  test('and is wrong changes nothing, says why until it is right, and is told once', async () => {
    const { live, file, said, events } = open(fileOf(ssh('a')));
    file.text = 'hosts:\n  - name: a\n    sssh: {}\n';
    for (const _ of [1, 2])
      await expect(live.reload()).rejects.toMatchObject({
        code: 'INVALID_FLEET',
        message: expect.stringContaining('fleet.yaml:3:5: hosts[0].sssh') as string,
      });
    await expect(live.plan()).rejects.toMatchObject({ code: 'INVALID_FLEET' });
    expect(live.complaint()).toContain('hosts[0].sssh');
    expect([said, events]).toEqual([[], ['fleet.refused']]);
    file.text = fileOf(ssh('a'));
    await live.reload();
    expect(live.complaint()).toBeNull();
  });

  test('and gives a host back while it drains brings it back when it is drained', async () => {
    const { live, file, said, settle, drained } = open(fileOf(ssh('a'), ssh('b')));
    file.text = fileOf(ssh('a'));
    await live.reload();
    file.text = fileOf(ssh('a'), ssh('b'));
    await live.reload();
    drained('b');
    await settle();
    expect(said).toEqual(['drain b', 'remove b and its runner', 'add b']);
  });
});

describe('a host that is added', () => {
  test('is kept until it expires, and drains then', async () => {
    const { live, said, stored, clock, settle, drained } = open(fileOf(ssh('a')));
    expect(await live.add({ host: entry('rented'), expiresInSeconds: 60 })).toEqual({
      host: 'rented',
      expiresAt: '2026-01-01T00:01:00.000Z',
    });
    await settle();
    expect([said, [...stored.keys()]]).toEqual([['add rented'], ['rented']]);
    expect(live.originOf('rented')).toEqual({ by: 'api', expiresAt: '2026-01-01T00:01:00.000Z' });
    await live.expire();
    expect(said).toEqual(['add rented']);
    clock.now += 60_000;
    await live.expire();
    expect([said.at(-1), stored.size]).toEqual(['drain rented', 0]);
    drained('rented');
    await settle();
    expect(said.at(-1)).toBe('remove rented and its runner');
  });

  test('stays over a reload of the file, and is removed by name', async () => {
    const { live, file, said } = open(fileOf(ssh('a')), [{ name: hostId('rented'), host: entry('rented'), expiresAt: null }]);
    file.text = fileOf(ssh('a'), ssh('b'));
    expect(await live.reload()).toMatchObject({ changes: [{ host: 'b', change: 'add' }], unchanged: 2 });
    expect(await live.remove(hostId('rented'))).toEqual({ host: 'rented', state: 'draining' });
    expect(said).toEqual(['add b', 'drain rented']);
  });

  test('must be new, valid, by ssh, and is not one of the file', async () => {
    const { live, said, stored } = open(fileOf(ssh('a')));
    await expect(live.add({ host: entry('a') })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    await expect(live.add({ host: { name: 'x', ssh: { host: 'h' } } })).rejects.toMatchObject({
      code: 'INVALID_FLEET',
      message: expect.stringContaining('hosts[0].ssh.user') as string,
    });
    for (const how of [{ local: {} }, { command: ['sh', '-c'] }])
      await expect(live.add({ host: { name: 'x', ...how } })).rejects.toMatchObject({
        message: expect.stringContaining('only hosts by ssh') as string,
      });
    await expect(live.remove(hostId('a'))).rejects.toMatchObject({
      message: expect.stringContaining('is in the fleet file') as string,
    });
    await expect(live.remove(hostId('nobody'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect([said, stored.size]).toEqual([[], 0]);
  });

  test('and is then written into the file makes that file wrong', async () => {
    const { live, file } = open(fileOf(ssh('a')), [{ name: hostId('rented'), host: entry('rented'), expiresAt: null }]);
    file.text = fileOf(ssh('a'), ssh('rented'));
    await expect(live.reload()).rejects.toMatchObject({ message: expect.stringContaining('kiln fleet remove rented') as string });
  });
});
