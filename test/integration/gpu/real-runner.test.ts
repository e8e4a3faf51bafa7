/** The shipped runner behind every transport, with simulated GPUs: work survives what happens to the connection. */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { HostConfig, HostTransport } from '../../../src/domain/fleet.ts';
import { HostId } from '../../../src/domain/ids.ts';
import type { HostSession } from '../../../src/domain/ports/host-session.ts';
import { createFleet } from '../../../src/gpu/fleet.ts';
import { startCuttingProxy } from '../../support/cutting-proxy.ts';
import { Events } from '../../support/session-events.ts';
import { attemptOf, PROBLEM, taskOn, UNIT } from '../../support/simulated-work.ts';
import { sshdMissing, startSshd, targetOf } from '../../support/sshd.ts';

const JUDGE_MS = 600;
const SIMULATION = { KILN_SIMULATED_DEVICES: '2', KILN_SIMULATED_JUDGE_MS: String(JUDGE_MS) };

const ATTEMPT = attemptOf(1);

/** Processes of this machine that name the folder. */
const processesOf = (folder: string): readonly string[] =>
  globSync('/proc/[0-9]*/cmdline').flatMap((file) => {
    try {
      const line = readFileSync(file, 'utf8').replaceAll('\0', ' ');
      return line.includes(folder) ? [line] : [];
    } catch {
      // The process ended meanwhile.
      return [];
    }
  });

describe('the shipped runner', () => {
  let dataDir: string;
  const sessions: HostSession[] = [];
  const cleanups: (() => Promise<void>)[] = [];

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'kiln-real-'));
    vi.stubEnv('KILN_SIMULATED_DEVICES', '2');
    vi.stubEnv('KILN_SIMULATED_JUDGE_MS', String(JUDGE_MS));
  });
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.stop({ shutdownRunner: true });
    for (const cleanup of cleanups.splice(0)) await cleanup();
    vi.unstubAllEnvs();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** A daemon's view of one host; the same `dataDir` and id find the same runner again. */
  const startDaemon = (transport: HostTransport): { readonly session: HostSession; readonly events: Events } => {
    const runnerDir = transport.kind === 'local' ? null : dataDir;
    const name = HostId.parse('box');
    const host: HostConfig = { name, transport, labels: [], gpus: { kind: 'all' }, cpu: false, compileSlots: null, runnerDir };
    const log = { info: () => undefined, warn: () => undefined };
    const [session] = createFleet({ config: { hosts: [host] }, dataDir, daemonId: 'daemon-1', log });
    if (!session) throw new Error('no session');
    const events = new Events();
    sessions.push(session);
    session.start(events.push);
    return { session, events };
  };

  const startJudging = async ({ session, events }: ReturnType<typeof startDaemon>): Promise<string> => {
    const { hello } = await events.next('connected');
    expect(hello.inventory.devices.map(({ model }) => model)).toEqual(['Kiln simulated GPU', 'Kiln simulated GPU']);
    session.defineProblem(PROBLEM);
    session.compile('k1', UNIT, 10_000);
    const { result } = await events.frame('compiled');
    const [device] = hello.inventory.devices;
    if (result.status !== 'compiled' || !device) throw new Error(`not compiled: ${JSON.stringify(result)}`);
    session.judge(taskOn(device.id, { attemptId: ATTEMPT, artifact: result.artifact }));
    expect((await events.frame('started')).attemptId).toBe(ATTEMPT);
    return hello.runnerId;
  };

  /** The daemon goes and a new one takes over: the attempt goes on, its result comes, and after the ack it is forgotten. */
  const restartMeanwhile = async (transport: HostTransport): Promise<void> => {
    const first = startDaemon(transport);
    const runnerId = await startJudging(first);
    await first.session.stop({ shutdownRunner: false });
    const second = startDaemon(transport);
    const { hello } = await second.events.next('connected');
    expect([hello.runnerId, ...hello.running, ...hello.finished]).toEqual([runnerId, ATTEMPT]);
    expect((await second.events.frame('result')).result).toMatchObject({ attemptId: ATTEMPT, outcome: { verdict: 'passed' } });
    second.session.ack([ATTEMPT]);
    // Frames are taken in order: once this is answered, the ack was taken too.
    second.session.compile('k2', UNIT, 10_000);
    await second.events.frame('compiled');
    await second.session.stop({ shutdownRunner: false });
    const third = startDaemon(transport);
    expect((await third.events.next('connected')).hello).toMatchObject({
      runnerId,
      running: [],
      finished: [],
      problems: [PROBLEM.key],
    });
    await third.session.stop({ shutdownRunner: true });
  };
  const left = (): readonly string[] => processesOf(dataDir);

  test('local: the daemon restarts while a candidate is judged', async () => {
    await restartMeanwhile({ kind: 'local' });
    await expect.poll(left).toEqual([]);
  });

  test('command: the daemon restarts while a candidate is judged', async () => {
    await restartMeanwhile({ kind: 'command', argv: ['/usr/bin/env'] });
    await expect.poll(left).toEqual([]);
  });

  test.skipIf(sshdMissing)('ssh: the daemon restarts while a candidate is judged', async () => {
    const sshd = await startSshd({ env: SIMULATION });
    cleanups.push(sshd.stop);
    await restartMeanwhile({ kind: 'ssh', target: targetOf(sshd) });
    await expect.poll(left).toEqual([]);
  });

  test.skipIf(sshdMissing)('ssh: the connection is cut while a candidate is judged', async () => {
    const sshd = await startSshd({ env: SIMULATION });
    const proxy = await startCuttingProxy(sshd.port);
    cleanups.push(proxy.stop, sshd.stop);
    const daemon = startDaemon({ kind: 'ssh', target: targetOf(sshd, { port: proxy.port }) });
    const runnerId = await startJudging(daemon);
    proxy.cut();
    const { hello } = await reconnected(daemon.events);
    expect([hello.runnerId, ...hello.running, ...hello.finished]).toEqual([runnerId, ATTEMPT]);
    expect((await daemon.events.frame('result')).result.attemptId).toBe(ATTEMPT);
  });
});

/** Health frames may be on their way when the connection is cut. */
const reconnected = async (events: Events): ReturnType<typeof events.next<'connected'>> => {
  await events.after('lost');
  return events.next('connected');
};
