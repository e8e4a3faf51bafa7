import { afterEach, expect, test } from 'vitest';
import type { SweepView } from '../../src/domain/api/sweeps.ts';
import type { KilnClient } from '../../src/client/create-client.ts';
import { allResults } from '../../src/cli/sweep-results.ts';
import { addition } from '../support/addition.ts';
import { doneEvents, kilnFolder, processesNaming, startKiln } from '../support/kiln-process.ts';
import type { KilnFolder } from '../support/kiln-process.ts';
import { HANG_MS } from '../support/limits.ts';

/** So many that the first kill comes in the middle, also where the test stands still for seconds before it. */
const POINTS = 320;
const KILLS = 3;
const DEVICES = 2;
const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';
const SIMULATED = { KILN_SIMULATED_DEVICES: String(DEVICES), KILN_SIMULATED_JUDGE_MS: '60' };

let folder: KilnFolder | null = null;
afterEach(() => {
  folder?.remove();
  folder = null;
});

const until = async (client: KilnClient, id: string, isSo: (view: SweepView) => boolean): Promise<SweepView> => {
  let view = await client.sweep(id);
  await expect.poll(async () => isSo((view = await client.sweep(id))), { interval: 50 }).toBe(true);
  return view;
};

/** Attempts that the journal knows to have been given to a judge, up to the end of the sweep. */
const judgingsIn = async (client: KilnClient): Promise<ReadonlySet<unknown>> => {
  const attempts = new Set<unknown>();
  for await (const { type, data } of client.events({ after: 0, signal: AbortSignal.timeout(HANG_MS) })) {
    if (type === 'candidate.judging') attempts.add(data['attemptId']);
    if (type === 'sweep.changed' && data['status'] === 'finished') break;
  }
  return attempts;
};

test('a sweep whose daemon is killed with SIGKILL goes on: no point is lost, and none is judged twice for nothing', async () => {
  folder = kilnFolder(FLEET, SIMULATED);
  let kiln = await startKiln(folder);
  const { id } = await kiln.client.createSweep({
    candidate: { problem: 'vector_add', device: 'simulated', source: addition(0), language: 'cuda', submitter: 'ada' },
    space: { INDEX: `1..${POINTS}` },
    strategy: 'random',
    maxRunning: 16,
  });
  for (let kill = 0; kill < KILLS; kill += 1) {
    const target = Math.floor((POINTS * (kill + 1)) / (KILLS + 2));
    const { status } = await until(kiln.client, id, ({ byStatus }) => (byStatus['done'] ?? 0) >= target);
    // The later ones may come too late on a busy machine.
    if (kill > 0 && status !== 'running') break;
    expect(status).toBe('running');
    await kiln.kill();
    kiln = await startKiln(folder);
  }
  const view = await until(kiln.client, id, ({ status }) => status === 'finished');
  expect(view).toMatchObject({ asked: POINTS, byStatus: { done: POINTS }, byVerdict: { passed: POINTS } });

  // Every point of the space, once each, in an order without a gap.
  const results = await allResults(kiln.client, id);
  expect(results.map(({ params }) => Number(params['INDEX'])).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: POINTS }, (_, index) => index + 1),
  );
  expect(results.map(({ reported }) => reported)).toEqual(results.map((_, index) => index + 1));
  const ids = new Set(results.flatMap((result) => result.id ?? []));
  expect(ids.size).toBe(POINTS);
  expect([...(await doneEvents(kiln.client, ids)).values()].every((count) => count === 1)).toBe(true);

  // What was on record when the daemon was killed is taken up, not begun again; of what was sent in its last moments nobody knew.
  const recorded = await judgingsIn(kiln.client);
  const attempts = await Promise.all([...ids].map(async (one) => (await kiln.client.candidate(one)).attempts));
  const screenings = attempts.map((list) => list.filter(({ mode, verdict }) => mode === 'screen' && verdict !== null));
  expect(screenings.every((list) => list.length > 0)).toBe(true);
  const again = screenings.filter((list) => list.slice(0, -1).some(({ attemptId }) => recorded.has(attemptId)));
  expect(again.map((list) => list.map(({ attemptId, verdict }) => `${attemptId} ${verdict}`).join(', ')).join('\n')).toBe('');
  await kiln.stop();
  await folder.ended();
  expect(processesNaming(folder.path)).toEqual([]);
});
