/** The host session and what stands for it in the engine's tests pass one suite. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import type { HostConfig } from '../../../src/domain/fleet.ts';
import { HostId } from '../../../src/domain/ids.ts';
import { createFleet } from '../../../src/gpu/fleet.ts';
import { AnsweringSession } from '../../support/answering-session.ts';
import { startCuttingProxy } from '../../support/cutting-proxy.ts';
import { HANG_MS } from '../../support/limits.ts';
import { type Sshd, sshdMissing, startSshd, targetOf } from '../../support/sshd.ts';
import { describeHostSession, type Judging } from './host-session.conformance.ts';

const JUDGE_MS: Readonly<Record<Judging, number>> = { short: 300, 'until cancelled': HANG_MS };

describeHostSession('a scripted host session', async (judging) => {
  const session = new AnsweringSession('box', { judgeMs: JUDGE_MS[judging] });
  return Promise.resolve({
    session,
    reach: () => session.connect(),
    cut: () => session.lose(),
    end: async () => session.stop(),
  });
});

describe.skipIf(sshdMissing)(`over ssh${sshdMissing ? ` (skipped: ${sshdMissing})` : ''}`, () => {
  const hosts = new Map<Judging, Sshd>();
  const startHost = async (judging: Judging): Promise<Sshd> => {
    const env = { KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_JUDGE_MS: String(JUDGE_MS[judging]) };
    const sshd = await startSshd({ env });
    hosts.set(judging, sshd);
    return sshd;
  };
  afterAll(async () => {
    for (const sshd of hosts.values()) await sshd.stop();
  });

  describeHostSession('a host session', async (judging) => {
    const sshd = hosts.get(judging) ?? (await startHost(judging));
    const folder = mkdtempSync(join(tmpdir(), 'kiln-session-'));
    const proxy = await startCuttingProxy(sshd.port);
    const host: HostConfig = {
      name: HostId.parse('box'),
      transport: { kind: 'ssh', target: targetOf(sshd, { port: proxy.port }) },
      labels: [],
      gpus: { kind: 'all' },
      cpu: false,
      compileSlots: null,
      runnerDir: folder,
    };
    const log = { info: () => undefined, warn: () => undefined };
    const make = () => createFleet({ config: { hosts: [host] }, dataDir: folder, daemonId: 'daemon-1', log })[0];
    const session = make();
    if (!session) throw new Error('no session');
    return {
      session,
      reach: () => undefined,
      cut: () => proxy.cut(),
      end: async () => {
        await session.stop({ shutdownRunner: false });
        // One that was stopped without it left its runner behind.
        const last = make();
        const up = Promise.withResolvers<void>();
        last?.start(() => up.resolve());
        await up.promise;
        await last?.stop({ shutdownRunner: true });
        await proxy.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  });
});
