/**
 * Brings the hosts of the daemon to what is wanted, each by itself: one that drains for minutes keeps no other waiting. What is wanted of a host may
 * change meanwhile: it goes on with the latest.
 */
import type { HostConfig } from '../domain/fleet.ts';
import type { HostId } from '../domain/ids.ts';
import type { HostControl } from '../domain/ports/host-control.ts';
import type { HostSession } from '../domain/ports/host-session.ts';
import { changesBetween, type Hosts, hostsOf } from './plan.ts';

export interface ReconcilerDeps {
  readonly control: HostControl;
  readonly createSession: (config: HostConfig) => HostSession;
  /** Those that the daemon has already. */
  readonly initial: readonly HostConfig[];
  readonly log: { error(facts: object, message: string): void };
}

export interface Reconciler {
  /** As last wanted. */
  readonly wanted: () => Hosts;
  /** Resolves at once; `reconciled` when all is as it is wanted. */
  readonly want: (hosts: Hosts) => void;
  readonly reconciled: () => Promise<void>;
}

export const createReconciler = ({ control, createSession, initial, log }: ReconcilerDeps): Reconciler => {
  const actual = new Map(hostsOf(initial));
  let wanted: Hosts = hostsOf(initial);
  const busy = new Map<HostId, Promise<void>>();

  /** One step for one host; false when nothing is left to do. */
  const step = async (host: HostId): Promise<boolean> => {
    const want = wanted.get(host);
    const [change] = changesBetween(only(actual, host), only(wanted, host));
    if (!change) return false;
    if (change.change === 'add' && want) {
      actual.set(host, want);
      await control.add(createSession(want));
    } else if (change.change === 'relabel' && want) {
      actual.set(host, want);
      control.relabel(host, want.labels);
    } else {
      const reason = want ? 'it is connected to anew, as the fleet file says now' : 'it is not in the fleet any more';
      await control.remove(host, { reason: `it drains: ${reason}`, shutdownRunner: !want });
      actual.delete(host);
    }
    return true;
  };
  const run = async (host: HostId): Promise<void> => {
    try {
      while (await step(host));
    } catch (error) {
      log.error({ err: error, host }, 'a change of the fleet could not be carried out');
    } finally {
      busy.delete(host);
    }
  };

  return {
    wanted: () => wanted,
    want: (hosts) => {
      wanted = hosts;
      for (const { host } of changesBetween(actual, hosts)) if (!busy.has(host)) busy.set(host, run(host));
    },
    reconciled: async () => {
      await Promise.all(busy.values());
    },
  };
};

const only = (hosts: Hosts, host: HostId): Hosts => {
  const config = hosts.get(host);
  return new Map(config ? [[host, config]] : []);
};
