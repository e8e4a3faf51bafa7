import { afterEach, expect, test } from 'vitest';
import { kilnFolder, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder } from '../support/kiln-process.ts';

const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';
const DEVICES = 2;
const JUDGE_MS = 20;
/** Counts are of what is submitted: a canary on a slow machine would be one more. */
const SIMULATED = {
  KILN_SIMULATED_DEVICES: String(DEVICES),
  KILN_SIMULATED_JUDGE_MS: String(JUDGE_MS),
  KILN_CANARY_FIRST_SECONDS: '86400',
};
const CANDIDATES = 60;
/** Trials of one source: its second compilation is answered by the host's cache, or known to be there. */
const TRIALS = 2;

const source = (index: number): string => `/* kiln
params: {INDEX: ${index}}
launch:
  - {kernel: add, grid: [ceil_div(n, 256)], block: [256], args: [a, b, out, n]}
*/
extern "C" __global__ void add(const float* a, const float* b, float* out, int n) {}
`;
const batch = Array.from({ length: CANDIDATES }, (_, index) => ({
  problem: 'vector_add',
  device: 'simulated',
  source: source(Math.floor(index / TRIALS)),
  trial: index % TRIALS,
}));
const badPlan = { problem: 'vector_add', device: 'simulated', source: '/* kiln\nlaunch: none\n*/' };

let folder: KilnFolder | null = null;
afterEach(() => {
  folder?.remove();
  folder = null;
});

/** Sum of the samples of `name` whose labels match. */
const sample = (text: string, name: string, labels = ''): number =>
  text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);

test('/metrics and GET /v1/fleet tell where the time of devices, stages and compilers went, and agree with what was judged', async () => {
  folder = kilnFolder(FLEET, SIMULATED);
  const kiln = await startKiln(folder);
  const { candidates } = await kiln.client.submit([...batch, badPlan]);
  await untilDone(kiln.client, new Set<string>(candidates.map(({ id }) => id)));
  const judgedByFleet = async (): Promise<number> =>
    (await kiln.client.fleet()).hosts.flatMap(({ devices }) => devices).reduce((sum, { judged }) => sum + judged, 0);
  // Records are confirmed by a second judgement, so that there are more attempts than candidates.
  const attempts = sample(await kiln.client.metrics(), 'kiln_device_idle_gap_seconds_count');
  expect(attempts).toBeGreaterThanOrEqual(CANDIDATES);
  await expect.poll(judgedByFleet).toBe(attempts);

  const text = await kiln.client.metrics();
  expect(sample(text, 'kiln_candidates_total', 'verdict="passed"')).toBe(CANDIDATES);
  expect(sample(text, 'kiln_candidates_total', 'verdict="plan_error"')).toBe(1);
  expect(sample(text, 'kiln_infra_failures_total')).toBe(0);
  const leaving = (stage: string): number => sample(text, 'kiln_stage_seconds_count', `stage="${stage}"`);
  expect([leaving('queued'), leaving('compiling')]).toEqual([CANDIDATES, CANDIDATES]);
  expect(leaving('judging') + leaving('confirming')).toBe(attempts);
  // A device's queue gives work back to an idle neighbour, and what is confirmed is ready once more.
  expect(leaving('ready')).toBeGreaterThanOrEqual(attempts);
  const compiled = sample(text, 'kiln_compiles_total', 'result="compiled"');
  const cached = sample(text, 'kiln_compiles_total', 'result="cached"') + sample(text, 'kiln_compiles_total', 'result="known"');
  expect(compiled).toBe(CANDIDATES / TRIALS);
  expect(cached).toBeGreaterThanOrEqual(CANDIDATES - CANDIDATES / TRIALS);
  expect(sample(text, 'kiln_compile_seconds_count')).toBe(compiled);
  expect(text).toContain('kiln_compile_queue{host="simulated",state="queued"} 0');
  expect(sample(text, 'kiln_device_use_seconds', 'use="measuring"')).toBeCloseTo((attempts * JUDGE_MS * 0.95) / 1000, 3);
  expect(sample(text, 'kiln_device_use_seconds', 'use="checking"')).toBeCloseTo((attempts * JUDGE_MS * 0.04) / 1000, 3);
  expect(sample(text, 'kiln_device_use_seconds', 'use="faults"')).toBe(0);
  const idleSeconds = sample(text, 'kiln_device_idle_gap_seconds_sum');
  expect(sample(text, 'kiln_device_use_seconds', 'use="idle_with_work"')).toBeCloseTo(idleSeconds, 3);

  const { hosts, stages } = await kiln.client.fleet();
  expect(hosts).toHaveLength(1);
  expect(hosts[0]?.compile).toMatchObject({ queued: 0, running: 0, compiled, cached, failed: 0, timeMs: { p50: 0 } });
  expect(hosts[0]?.devices).toHaveLength(DEVICES);
  for (const { idleGapMs, use } of hosts[0]?.devices ?? []) {
    expect(idleGapMs?.p99).toBeGreaterThanOrEqual(idleGapMs?.p50 ?? Infinity);
    const shares = Object.values(use).reduce((sum, share) => sum + share, 0);
    expect(shares).toBeGreaterThan(0.5);
    expect(shares).toBeLessThan(1.05);
  }
  expect(stages.judging?.p50).toBeGreaterThanOrEqual(JUDGE_MS);
  expect(stages.queued?.p50).toBeGreaterThan(0);
  await kiln.stop();
});
