/** Hosts of every transport with the real program behind them, for work on hosts: no daemon, no scheduler. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DeviceId, HostId } from '../../src/domain/ids.ts';
import { KilnError } from '../../src/domain/errors.ts';
import type { Asking, HostWork } from '../../src/domain/ports/host-work.ts';
import type { NewJournalEvent } from '../../src/domain/journal.ts';
import type { Transport } from '../../src/gpu/host-session.ts';
import { runnerEnvironment } from '../../src/gpu/process-environment.ts';
import { buildRunnerArchive } from '../../src/gpu/runner-archive.ts';
import { createCommandTransport } from '../../src/gpu/transports/command.ts';
import { createLocalTransport } from '../../src/gpu/transports/local.ts';
import { createSshTransport } from '../../src/gpu/transports/ssh.ts';
import { createHostWork } from '../../src/hostwork/create-host-work.ts';
import { removeFolder } from './kiln-process.ts';
import { HANG_MS } from './limits.ts';
import { sshdMissing, startSshd, targetOf } from './sshd.ts';

export const HOST = HostId.parse('host');

export interface WorkHost {
  readonly work: HostWork;
  /** On the host, for workspaces. */
  readonly folder: string;
  readonly journal: readonly NewJournalEvent[];
  /** Devices that are lent now, and how often any was. */
  readonly lent: { now: number; ever: number };
  /** A daemon that was started anew: another object, the same host. */
  readonly again: () => HostWork;
  /** Cuts every connection. */
  readonly cut: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface WorkHostKind {
  readonly name: string;
  readonly isMissing: boolean;
  readonly start: () => Promise<WorkHost>;
}

export const asking = (change: Partial<Asking> = {}): Asking => ({
  caller: { name: 'operator', says: 'tester', address: '127.0.0.1' },
  signal: AbortSignal.timeout(HANG_MS),
  ...change,
});

/** Packed once, as by a daemon. */
const packed = buildRunnerArchive();
const archive = async () => packed;

const hostOver = async (
  create: (folder: string) => Promise<{ transport: Transport; end: () => Promise<void> }>,
): Promise<WorkHost> => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-work-'));
  const { transport, end } = await create(join(folder, 'kiln'));
  const journal: NewJournalEvent[] = [];
  const lent = { now: 0, ever: 0 };
  const make = (): HostWork =>
    createHostWork({
      open: async (host, signal) => {
        if (host !== HOST) throw new KilnError('NOT_FOUND', `there is no host "${host}"; known are ${HOST}`);
        return transport.openWork(signal);
      },
      checkWish: (host, wish) => {
        if (wish === 'all') throw new KilnError('INVALID_REQUEST', `host ${host} has no GPU: leave --gpu out`);
      },
      lend: async (_host, wish) => {
        lent.now += 1;
        lent.ever += 1;
        const devices = (Array.isArray(wish) ? wish : ['GPU-of-the-test']).map(String) as DeviceId[];
        let isOver = false;
        return {
          devices,
          giveBack: () => {
            if (!isOver) lent.now -= 1;
            isOver = true;
          },
        };
      },
      note: (event) => void journal.push(event),
    });
  return {
    work: make(),
    folder,
    journal,
    lent,
    again: make,
    cut: () => transport.close(),
    stop: async () => {
      await transport.stopRunner(AbortSignal.timeout(HANG_MS));
      await transport.close();
      await end();
      removeFolder(folder);
    },
  };
};

const nothing = async (): Promise<void> => {};

export const WORK_HOSTS: readonly WorkHostKind[] = [
  {
    name: 'local',
    isMissing: false,
    start: async () =>
      hostOver(async (folder) => ({
        transport: createLocalTransport({ archive, folder, env: runnerEnvironment() }),
        end: nothing,
      })),
  },
  {
    name: sshdMissing === null ? 'ssh' : `ssh, skipped: ${sshdMissing}`,
    isMissing: sshdMissing !== null,
    start: async () =>
      hostOver(async (folder) => {
        const sshd = await startSshd();
        const transport = createSshTransport({ target: targetOf(sshd), archive, folder });
        (await transport.open(AbortSignal.timeout(HANG_MS))).resume();
        return { transport, end: sshd.stop };
      }),
  },
  {
    name: 'ssh without forwarding',
    isMissing: sshdMissing !== null,
    start: async () =>
      hostOver(async (folder) => {
        const sshd = await startSshd({ settings: ['AllowStreamLocalForwarding no'] });
        const transport = createSshTransport({ target: targetOf(sshd), archive, folder });
        (await transport.open(AbortSignal.timeout(HANG_MS))).resume();
        return { transport, end: sshd.stop };
      }),
  },
  {
    name: 'command',
    isMissing: false,
    start: async () =>
      hostOver(async (folder) => ({
        transport: createCommandTransport({ argv: ['/usr/bin/env'], archive, folder, env: runnerEnvironment() }),
        end: nothing,
      })),
  },
];
