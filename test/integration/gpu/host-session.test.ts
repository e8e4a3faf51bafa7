import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HostConfig, SshTarget } from '../../../src/domain/fleet.ts';
import { AttemptId, HostId } from '../../../src/domain/ids.ts';
import { type Clock, SYSTEM_CLOCK } from '../../../src/platform/clock.ts';
import { createHostSession, type RunnerHostSession } from '../../../src/gpu/host-session.ts';
import { runnerEnvironment } from '../../../src/gpu/process-environment.ts';
import { buildRunnerArchive } from '../../../src/gpu/runner-archive.ts';
import { createLocalTransport } from '../../../src/gpu/transports/local.ts';
import { createSshTransport } from '../../../src/gpu/transports/ssh.ts';
import { type CuttingProxy, startCuttingProxy } from '../../support/cutting-proxy.ts';
import { freePort } from '../../support/servers.ts';
import { Events } from '../../support/session-events.ts';
import { type Sshd, sshdMissing, startSshd, targetOf } from '../../support/sshd.ts';
import { FAKE_RUNNER, isAlive } from './transport.conformance.ts';

/** Timers of the session run this much faster. */
const FASTER = 20;
/** Time passes by its timers, and only where a test wants silence to be noticed: before, a runner may take as long as it likes to say hello. */
const createHurriedClock = (time: { passes: boolean }): Clock => {
  let passedMs = 0;
  return {
    ...SYSTEM_CLOCK,
    monotonic: () => passedMs,
    after: (ms, act) =>
      SYSTEM_CLOCK.after(ms / FASTER, () => {
        if (time.passes) passedMs += ms;
        act();
      }),
  };
};
const ATTEMPT = AttemptId.parse(`c-${'0'.repeat(32)}.1`);

const archive = async (): ReturnType<typeof buildRunnerArchive> => buildRunnerArchive(FAKE_RUNNER);

describe.skipIf(sshdMissing)(`a host session over a real sshd${sshdMissing ? ` (skipped: ${sshdMissing})` : ''}`, () => {
  let sshd: Sshd;
  let proxy: CuttingProxy;
  let folder: string;
  let session: RunnerHostSession | null = null;
  const time = { passes: false };

  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(async () => sshd.stop());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-session-'));
    proxy = await startCuttingProxy(sshd.port);
    time.passes = false;
  });
  afterEach(async () => {
    await session?.stop({ shutdownRunner: false });
    await createLocalTransport({ folder, archive, env: runnerEnvironment() }).stopRunner(AbortSignal.timeout(120_000));
    await proxy.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const startSession = (change: Partial<SshTarget> = {}): { readonly events: Events; readonly session: RunnerHostSession } => {
    const target = targetOf(sshd, { port: proxy.port, ...change });
    const config: HostConfig = {
      name: HostId.parse('box'),
      transport: { kind: 'ssh', target },
      labels: [],
      gpus: { kind: 'all' },
      cpu: true,
      compileSlots: null,
      runnerDir: folder,
    };
    const created = createHostSession({
      config,
      address: 'box',
      transport: createSshTransport({ target, archive, folder }),
      daemonId: 'd',
      leaseMs: 60_000,
      idleExitMs: 60_000,
      clock: createHurriedClock(time),
      random: () => 1,
      log: { info: () => undefined, warn: () => undefined },
    });
    const events = new Events();
    session = created;
    created.start(events.push);
    return { events, session: created };
  };
  const runnerPid = async (): Promise<number> =>
    Number(readFileSync(join(folder, (await archive()).hash.slice(0, 12), 'runner.pid'), 'utf8'));

  test('a connection that is cut comes back to the same runner', async () => {
    const { events, session: host } = startSession();
    const before = await events.next('connected');
    proxy.cut();
    const lost = await events.next('lost');
    expect(lost.retryAtMs).not.toBeNull();
    expect(host.retract([ATTEMPT])).toBe(false);
    const after = await events.next('connected');
    expect(after.hello.runnerId).toBe(before.hello.runnerId);
    expect(host.retract([ATTEMPT])).toBe(true);
    expect((await events.next('frame')).frame).toEqual({ type: 'retracted', attemptIds: [ATTEMPT] });
    expect(proxy.connections()).toBe(2);
  });

  test('a half-open connection, where nothing arrives and nothing fails, is noticed and replaced', async () => {
    const { events } = startSession();
    const before = await events.next('connected');
    proxy.freeze();
    time.passes = true;
    const { reason } = await events.next('lost');
    time.passes = false;
    expect(reason).toBe('nothing heard for 15000 ms; the connection is dead');
    expect((await events.next('connected')).hello.runnerId).toBe(before.hello.runnerId);
  });

  test('a host that appears later is reached then', async () => {
    const port = await freePort();
    const { events } = startSession({ port });
    expect((await events.next('lost')).reason).toContain('connection refused');
    await proxy.stop();
    proxy = await startCuttingProxy(sshd.port, port);
    await waitFor(events);
  });

  test('a wrong host key is refused, not retried as if it were an outage', async () => {
    const { events } = startSession({ hostKey: { kind: 'fingerprint', sha256: 'A'.repeat(43) } });
    expect((await events.next('refused')).reason).toContain('expected SHA256:AAAA');
  });

  test('stop with shutdownRunner leaves no runner; without it, the runner stays for the next daemon', async () => {
    const first = startSession();
    const hello = (await first.events.next('connected')).hello;
    await first.session.stop({ shutdownRunner: false });
    expect(isAlive(await runnerPid())).toBe(true);
    const second = startSession();
    expect((await second.events.next('connected')).hello.runnerId).toBe(hello.runnerId);
    const pid = await runnerPid();
    await second.session.stop({ shutdownRunner: true });
    expect(isAlive(pid)).toBe(false);
  });
});

/** Connected in the end, however many tries it takes. */
const waitFor = async (events: Events): Promise<void> => {
  for (let tries = 0; tries < 20; tries += 1) {
    const connected = await events.next('connected').then(
      () => true,
      (error: unknown) => {
        if (String(error).includes('got {"type":"lost"')) return false;
        throw error;
      },
    );
    if (connected) return;
  }
  throw new Error('never connected');
};
