import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { KilnClient } from '../../src/client/create-client.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import type { CuttingProxy } from '../support/cutting-proxy.ts';
import { sshdMissing, startSshd } from '../support/sshd.ts';
import type { Sshd } from '../support/sshd.ts';
import { kilnFolder, processesNaming, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder, KilnProcess } from '../support/kiln-process.ts';
import { addition } from '../support/addition.ts';
import { follow } from '../support/journal-lines.ts';

const KERNELS = join(import.meta.dirname, '../../kernels');
const seed = (path: string): string => readFileSync(join(KERNELS, path), 'utf8');
/** Long enough that a cut, noticed late on a busy machine, still comes in the middle of it. */
const SLOW_JUDGE_MS = 8000;
/** A result that is not kept by then was told before the daemon was killed. */
const KEPT_MS = 60_000;
/** Cuts and kills that may come after the judgement where the test stands still for that long. */
const TRIES_MAX = 5;

/** Lost so many times, and back. */
const isBack = (seen: readonly string[], times: number): boolean =>
  seen.filter((line) => line === 'host.lost remote').length >= times &&
  seen.lastIndexOf('host.connected remote') > seen.lastIndexOf('host.lost remote');

/** What became of it and of its host while it was judged. */
const orderOf = async (client: KilnClient, id: string): Promise<readonly string[]> => {
  const order: string[] = [];
  for await (const { type, candidateId } of client.events({ after: 0 })) {
    if (candidateId === id && (type === 'candidate.judging' || type === 'candidate.done')) order.push(type);
    if (type.startsWith('host.') && order.length > 0) order.push(type);
    if (order.at(-1) === 'candidate.done') break;
  }
  return order;
};

describe.skipIf(sshdMissing !== null)(`over a real sshd${sshdMissing ? ` (skipped: ${sshdMissing})` : ''}`, () => {
  let sshd: Sshd;
  let proxy: CuttingProxy;
  let folder: KilnFolder | null = null;
  let kiln: KilnProcess | null = null;

  beforeEach(async () => {
    sshd = await startSshd();
    proxy = await startCuttingProxy(sshd.port);
  });
  afterEach(async () => {
    try {
      await kiln?.stop();
    } finally {
      folder?.remove();
      await proxy.stop();
      await sshd.stop();
      kiln = null;
      folder = null;
    }
  });

  /** The runner is kept below the test's folder, so that every process of it can be accounted for. */
  const sshFolder = (
    settings: Record<string, string>,
    hostKey = sshd.hostKeyLine,
    devices = 'cpu: true, gpus: auto',
  ): KilnFolder => {
    const made = kilnFolder('hosts: []\n', settings);
    const ssh = `{host: 127.0.0.1, port: ${proxy.port}, user: ${sshd.user}, key: ${sshd.keyPath}, hostKey: "${hostKey}"}`;
    made.write('fleet.yaml', `hosts:\n  - {name: remote, ssh: ${ssh}, runnerDir: ${made.path}/remote, ${devices}}\n`);
    return made;
  };

  test('real C kernels are judged on the cpu device and ranked', async () => {
    folder = sshFolder({});
    kiln = await startKiln(folder);
    const files = ['vector_add/seeds/1-restrict.c', 'vector_add/seeds/2-vectors.c'];
    const { candidates } = await kiln.client.submit(
      files.map((file) => ({ problem: 'vector_add', language: 'c', device: 'cpu', source: seed(file) })),
    );
    const verdicts = await untilDone(kiln.client, new Set(candidates.map(({ id }) => id)));
    expect([...verdicts.values()]).toEqual(['passed', 'passed']);
    const { models } = await kiln.client.ranking('vector_add', { device: 'cpu' });
    expect(models[0]?.entries.map(({ candidateId }) => candidateId).toSorted()).toEqual(
      candidates.map(({ id }) => id).toSorted(),
    );
    expect(models[0]?.note).toMatch(/development only/);
  });

  const simulated = { KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_JUDGE_MS: String(SLOW_JUDGE_MS) };

  /** sshd does not pass our environment on: the simulated devices are asked for in its own configuration. */
  const restartSshd = async (): Promise<void> => {
    await proxy.stop();
    await sshd.stop();
    sshd = await startSshd({ env: simulated });
    proxy = await startCuttingProxy(sshd.port);
  };

  const submitAndWaitUntilJudging = async (trial: number): Promise<string> => {
    if (!kiln) throw new Error('no daemon');
    const { candidates } = await kiln.client.submit([{ problem: 'vector_add', device: 'simulated', source: addition(1), trial }]);
    const id = candidates[0]?.id ?? '';
    for await (const event of kiln.client.candidateEvents(id)) if (event.type === 'candidate.judging') return id;
    throw new Error('it was never judged');
  };

  test('a connection cut in the middle of a judgement costs nothing: the same attempt gives the verdict', async () => {
    await restartSshd();
    folder = sshFolder({});
    kiln = await startKiln(folder);
    let id = '';
    let order: readonly string[] = [];
    for (let trial = 1; trial <= TRIES_MAX && !order.includes('host.lost'); trial += 1) {
      id = await submitAndWaitUntilJudging(trial);
      proxy.cut();
      await untilDone(kiln.client, new Set([id]));
      await follow(kiln.client, 'the return of the host', (seen) => isBack(seen, trial));
      order = await orderOf(kiln.client, id);
    }
    // Cut while it was judged, back before the verdict.
    expect(order).toEqual(['candidate.judging', 'host.lost', 'host.connected', 'candidate.done']);
    const record = await kiln.client.candidate(id);
    expect(record.state).toMatchObject({ status: 'done', outcome: { verdict: 'passed' } });
    expect(record.attempts.map(({ attemptId }) => attemptId)).toEqual([`${id}.1`]);
    expect(record.infraFailures).toBe(0);
  });

  test('a daemon killed and started again while the runner works takes the finished result and does not judge again', async () => {
    await restartSshd();
    folder = sshFolder({});
    kiln = await startKiln(folder);
    const isKept = (): boolean => globSync(`${folder?.path}/remote/**/spool/*.json`).length === 1;
    let id = '';
    let runners: readonly number[] = [];
    let wasKept = false;
    for (let trial = 1; trial <= TRIES_MAX && !wasKept; trial += 1) {
      id = await submitAndWaitUntilJudging(trial);
      runners = processesNaming(`${folder.path}/remote`).map(({ pid }) => pid);
      await kiln.kill();
      // The judgement ends while no daemon is there; the runner keeps its result.
      wasKept = await vi.waitUntil(isKept, { timeout: KEPT_MS, interval: 100 }).catch(() => false);
      kiln = await startKiln(folder);
      await untilDone(kiln.client, new Set([id]));
    }
    expect(wasKept).toBe(true);
    const candidate = await kiln.client.candidate(id);
    expect(candidate.attempts.map(({ attemptId }) => attemptId)).toEqual([`${id}.1`]);
    expect(candidate.infraFailures).toBe(0);
    expect(processesNaming(`${folder.path}/remote`).some(({ pid }) => runners.includes(pid))).toBe(true);
  });

  test('a host key that does not match is refused, shown with its reason, and never accepted', async () => {
    const other = await startSshd();
    folder = sshFolder({}, other.hostKeyLine);
    await other.stop();
    kiln = await startKiln(folder);
    const { candidates } = await kiln.client.submit([
      { problem: 'vector_add', language: 'c', device: 'cpu', source: seed('vector_add/seeds/1-restrict.c') },
    ]);
    for await (const event of kiln.client.events({ after: 0 })) if (event.type === 'host.refused') break;
    const [host] = (await kiln.client.fleet()).hosts;
    expect(host).toMatchObject({ state: 'refused', devices: [] });
    expect(host?.reason).toMatch(/host key/i);
    expect((await kiln.client.candidate(candidates[0]?.id ?? '')).state.status).toBe('queued');
    const waiting = (await kiln.client.queue()).byDevice.find(({ device }) => device === 'cpu');
    expect(waiting?.blocked).not.toBeNull();
  });
});
