import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import type { CuttingProxy } from '../support/cutting-proxy.ts';
import { sshdMissing, startSshd } from '../support/sshd.ts';
import type { Sshd } from '../support/sshd.ts';
import { kilnFolder, processesNaming, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder, KilnProcess } from '../support/kiln-process.ts';
import { addition } from '../support/addition.ts';

const KERNELS = join(import.meta.dirname, '../../kernels');
const seed = (path: string): string => readFileSync(join(KERNELS, path), 'utf8');
/** Long enough that a cut, noticed late on a busy machine, still comes in the middle of it. */
const SLOW_JUDGE_MS = 8000;

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
    const verdicts = await untilDone(kiln.client, new Set(candidates.map(({ id }) => id)), 200_000);
    expect([...verdicts.values()]).toEqual(['passed', 'passed']);
    const { models } = await kiln.client.ranking('vector_add', { device: 'cpu' });
    expect(models[0]?.entries.map(({ candidateId }) => candidateId).toSorted()).toEqual(
      candidates.map(({ id }) => id).toSorted(),
    );
    expect(models[0]?.entries[0]?.record).toBe(true);
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

  const submitAndWaitUntilJudging = async (): Promise<string> => {
    if (!kiln) throw new Error('no daemon');
    const { candidates } = await kiln.client.submit([
      { problem: 'vector_add', device: 'simulated', source: addition(1), trial: 1 },
    ]);
    const id = candidates[0]?.id ?? '';
    for await (const event of kiln.client.candidateEvents(id)) if (event.type === 'candidate.judging') return id;
    throw new Error('it was never judged');
  };

  test('a connection cut in the middle of a judgement costs nothing: the same attempt gives the verdict', async () => {
    await restartSshd();
    folder = sshFolder({});
    kiln = await startKiln(folder);
    const id = await submitAndWaitUntilJudging();
    proxy.cut();
    await untilDone(kiln.client, new Set([id]), 200_000);
    const order: string[] = [];
    for await (const event of kiln.client.events({ after: 0 })) {
      order.push(event.type);
      if (event.type === 'candidate.done') break;
    }
    // Cut while it was judged, back before the verdict.
    expect(order.filter((type) => type.startsWith('host.') || type === 'candidate.judging' || type === 'candidate.done')).toEqual(
      ['host.connected', 'candidate.judging', 'host.lost', 'host.connected', 'candidate.done'],
    );
    const record = await kiln.client.candidate(id);
    expect(record.state).toMatchObject({ status: 'done', outcome: { verdict: 'passed' } });
    expect(record.attempts.map(({ attemptId }) => attemptId)).toEqual([`${id}.1`]);
    expect(record.infraFailures).toBe(0);
  });

  test('a daemon killed and started again while the runner works takes the finished result and does not judge again', async () => {
    await restartSshd();
    folder = sshFolder({});
    kiln = await startKiln(folder);
    const id = await submitAndWaitUntilJudging();
    const runners = processesNaming(`${folder.path}/remote`).map(({ pid }) => pid);
    await kiln.kill();
    // The judgement ends while no daemon is there; the runner keeps its result.
    const kept = (): readonly string[] => globSync(`${folder?.path}/remote/**/spool/*.json`);
    await expect.poll(kept, { timeout: 10 * SLOW_JUDGE_MS, interval: 100 }).toHaveLength(1);
    kiln = await startKiln(folder);
    await untilDone(kiln.client, new Set([id]), 200_000);
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
