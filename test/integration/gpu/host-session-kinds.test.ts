/** The host session and what stands for it in the engine's tests pass one suite. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import type { HostConfig } from '../../../src/domain/fleet.ts';
import { attemptOf } from '../../support/simulated-work.ts';
import { candidateIdOf, HostId } from '../../../src/domain/ids.ts';
import { createFleet } from '../../../src/gpu/fleet.ts';
import { startCuttingProxy } from '../../support/cutting-proxy.ts';
import { passed } from '../../support/judgements.ts';
import { ScriptedHostSession } from '../../support/scripted-host-session.ts';
import { type Sshd, sshdMissing, startSshd, targetOf } from '../../support/sshd.ts';
import { describeHostSession, type SessionRig } from './host-session.conformance.ts';

const ATTEMPTS = [1, 2].map((digit) => attemptOf(digit));
const nameOf = (id: string): string => String(1 + ATTEMPTS.findIndex((attemptId) => candidateIdOf(attemptId) === id));

/** What a runner would answer, a turn later, to each line of the script. */
const answering = (): SessionRig => {
  const running = new Set<string>();
  const answers: readonly (readonly [RegExp, (name: string) => void])[] = [
    [/^compile (\w+)$/u, (name) => session.compiled(name)],
    [/^judge (\d)\.1 /u, (name) => begin(name)],
    [/^retract (\d)\.1$/u, (name) => session.retracted(attemptOf(Number(name)))],
    [/^cancel (\d)\.1$/u, (name) => cancel(name)],
    [/^lend (.*)$/u, () => session.lends()],
    [/^fetch (.*)$/u, () => session.hasNot()],
    [/^refresh()$/u, () => session.refreshed()],
  ];
  const said = (line: string): void => {
    const [, what = ''] = /^box: (.*)$/u.exec(line) ?? [];
    for (const [pattern, answer] of answers) {
      const name = pattern.exec(what)?.[1];
      if (name !== undefined) setImmediate(() => answer(name));
    }
  };
  const session = new ScriptedHostSession('box', 1, { said, nameOfSource: () => 'unit', nameOfId: nameOf });
  const cancel = (name: string): void => {
    if (running.delete(name)) session.judged(attemptOf(Number(name)), { verdict: 'cancelled' });
  };
  const begin = (name: string): void => {
    if (running.size > 0) return;
    running.add(name);
    session.begins(attemptOf(Number(name)));
    setTimeout(() => {
      if (session.isConnected && running.delete(name)) session.judged(attemptOf(Number(name)), passed(1));
    }, JUDGE_MS);
  };
  return {
    session,
    reach: () => session.connect(),
    cut: () => session.lose(),
    end: async () => {
      running.clear();
      await session.stop();
    },
  };
};

const JUDGE_MS = 300;

describeHostSession('a scripted host session', async () => Promise.resolve(answering()));

describe.skipIf(sshdMissing)(`over ssh${sshdMissing ? ` (skipped: ${sshdMissing})` : ''}`, () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd({ env: { KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_JUDGE_MS: String(JUDGE_MS) } });
  });
  afterAll(async () => sshd.stop());

  describeHostSession('a host session', async () => {
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
