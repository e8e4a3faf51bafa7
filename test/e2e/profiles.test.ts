import { afterEach, describe, expect, test } from 'vitest';
import type { KilnClient } from '../../src/client/create-client.ts';
import { runCli } from '../support/server/run-cli.ts';
import { addition } from '../support/addition.ts';
import { kilnFolder, processesNaming, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder } from '../support/kiln-process.ts';
import { HANG_MS } from '../support/limits.ts';

const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';
const WAIT_SECONDS = 50;

let folder: KilnFolder | null = null;
afterEach(() => {
  folder?.remove();
  folder = null;
});

const candidate = (index: number, more: { readonly profile?: boolean; readonly device?: string } = {}) => ({
  problem: 'vector_add',
  device: 'simulated',
  source: addition(index),
  ...more,
});

const submit = async (client: KilnClient, ...wanted: ReturnType<typeof candidate>[]): Promise<readonly string[]> => {
  const { candidates } = await client.submit(wanted);
  return candidates.map(({ id }) => id);
};

const profiled = async (client: KilnClient, id: string) => {
  const deadline = performance.now() + HANG_MS;
  let { state } = await client.profile(id, { waitSeconds: WAIT_SECONDS });
  while (state.status === 'waiting' && performance.now() < deadline)
    ({ state } = await client.profile(id, { waitSeconds: WAIT_SECONDS }));
  return state;
};
const SIMULATED = { status: 'done', rawBytes: 0, summary: { source: 'binary', deviceModel: 'Kiln simulated GPU' } };

describe('profiles, on simulated devices', () => {
  test('a candidate that was asked to be profiled is, once it has passed; others when they are asked for', async () => {
    folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '2' });
    const kiln = await startKiln(folder);
    const [asked = '', plain = ''] = await submit(kiln.client, candidate(1, { profile: true }), candidate(2));
    const state = await profiled(kiln.client, asked);
    expect(state).toMatchObject(SIMULATED);
    // The largest bench case, and what nobody measured left open.
    const { bench } = (await kiln.client.problem('vector_add')).problem;
    expect(state.status === 'done' && bench.gpu.map(({ name }) => name)).toContain(state.status === 'done' && state.summary.case);
    expect(state).toMatchObject({ summary: { note: expect.stringContaining('simulated') as string } });
    expect(state).toMatchObject({ summary: { kernels: [{ kernel: 'add', registers: null, stalls: [] }] } });

    await untilDone(kiln.client, new Set([plain]));
    await expect(kiln.client.profile(plain)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const run = await runCli(['profile', plain], { url: kiln.url });
    expect(run).toMatchObject({ code: 0 });
    expect(run.stdout).toContain('Kiln simulated GPU');
    expect(await profiled(kiln.client, plain)).toMatchObject(SIMULATED);
    // Submitted again, it keeps the profile it has.
    const before = await kiln.client.profile(plain);
    await submit(kiln.client, candidate(2, { profile: true }));
    expect(await kiln.client.profile(plain)).toEqual(before);
    await kiln.stop();
    await folder.ended();
    expect(processesNaming(folder.path)).toEqual([]);
  });

  test('what cannot be profiled says why', async () => {
    folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '1' });
    const kiln = await startKiln(folder);
    const [refused = '', cancelled = ''] = await submit(
      kiln.client,
      { ...candidate(1, { profile: true }), source: '/* kiln\nlaunch: []\n*/' },
      candidate(2, { profile: true, device: 'B200' }),
    );
    expect(await profiled(kiln.client, refused)).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('plan_error') as string,
    });
    expect((await kiln.client.profile(cancelled)).state).toMatchObject({
      status: 'waiting',
      reason: expect.stringContaining('verdict') as string,
    });
    await kiln.client.cancel(cancelled);
    expect(await profiled(kiln.client, cancelled)).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('cancelled') as string,
    });
    const run = await runCli(['profile', refused], { url: kiln.url });
    expect(run).toMatchObject({ code: 1, stdout: expect.stringContaining('not profiled') as string });
    await kiln.stop();
  });

  test('a daemon killed while profiles wait gives each of them, once', async () => {
    folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '2', KILN_SIMULATED_JUDGE_MS: '400' });
    let kiln = await startKiln(folder);
    const wanted = Array.from({ length: 8 }, (_, index) => candidate(index, { profile: true }));
    const ids = await submit(kiln.client, ...wanted);
    await profiled(kiln.client, ids[0] ?? '');
    await kiln.kill();
    kiln = await startKiln(folder);
    for (const id of ids) expect(await profiled(kiln.client, id)).toMatchObject(SIMULATED);
    const counts = new Map<string, number>();
    const last = await kiln.client.candidateEvents(ids[0] ?? '', { after: 0 }).next();
    expect(last.done).toBe(false);
    const abort = new AbortController();
    for await (const event of kiln.client.events({ after: 0, signal: abort.signal })) {
      if (event.type === 'profile.done' && event.candidateId)
        counts.set(event.candidateId, (counts.get(event.candidateId) ?? 0) + 1);
      if (counts.size === ids.length) break;
    }
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    await kiln.stop();
    await folder.ended();
    expect(processesNaming(folder.path)).toEqual([]);
  });
});
