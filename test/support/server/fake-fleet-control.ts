/** A fleet of which nothing is carried out. */
import type { AddedHost, FleetControl } from '../../../src/domain/ports/fleet-control.ts';
import { KilnError } from '../../../src/domain/errors.ts';
import { HostId } from '../../../src/domain/ids.ts';

const plan = (applied: boolean) => ({
  file: '/etc/kiln/fleet.yaml',
  changes: [
    { host: HostId.parse('h100-b'), change: 'add' as const, fields: [] },
    { host: HostId.parse('far'), change: 'replace' as const, fields: ['transport'] },
  ],
  unchanged: 1,
  applied,
});

export const createFakeFleetControl = (): FleetControl => {
  const added = new Map<HostId, AddedHost>();
  return {
    plan: async () => Promise.resolve(plan(false)),
    reload: async () => Promise.resolve(plan(true)),
    add: async ({ host, expiresInSeconds }) => {
      const name = HostId.parse(host['name']);
      const expiresAt = expiresInSeconds === undefined ? null : '2026-01-02T03:04:05.000Z';
      added.set(name, { name, host, expiresAt });
      return Promise.resolve({ host: name, expiresAt });
    },
    remove: async (host) => {
      if (!added.delete(host)) throw new KilnError('NOT_FOUND', `there is no host "${host}"; kiln fleet shows those there are`);
      return Promise.resolve({ host, state: 'draining' as const });
    },
    originOf: () => ({ by: 'file', expiresAt: null }),
    complaint: () => null,
  };
};
