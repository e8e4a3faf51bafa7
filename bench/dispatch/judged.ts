/** Candidates through a whole daemon: submitted by REST in batches, judged at once by simulated devices, until the last verdict. */
import type { KilnProcess } from '../../test/support/kiln-process.ts';
import { processesNaming } from '../../test/support/kiln-process.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuSecondsOf, machineSeconds, peakMiBOf } from './process-cost.ts';
import type { SimulatedKiln } from './simulated-kiln.ts';
import { bodies } from './work.ts';
import type { Work } from './work.ts';

const BATCH = 1000;
const LOOK_EVERY_MS = 100;
/** So often in a row judges are found to have used no more of a processor. */
const STILL_LOOKS = 5;
const RUN_LIMIT_MS = 300_000;

export interface Judged {
  readonly candidates: number;
  readonly perSecond: number;
  /** Submitting alone, all batches one after the other; judging goes on meanwhile. */
  readonly submittedPerSecond: number;
  readonly cpuMs: { readonly daemon: number; readonly runner: number; readonly judges: number };
  /** Everything on the machine meanwhile, Redis, Postgres and strangers too: CPU a candidate, and the share of the cores' time. */
  readonly machine: { readonly cpuMs: number; readonly busy: number };
  readonly peakMiB: number;
}

type Target = Pick<SimulatedKiln, 'kiln' | 'folder' | 'device'>;

export const judgeAll = async (
  { kiln, folder, device }: Target,
  work: { readonly kind: Work; readonly first: number; readonly count: number },
): Promise<Judged> => {
  const batches = [];
  for (let from = 0; from < work.count; from += BATCH) {
    const count = Math.min(BATCH, work.count - from);
    batches.push(JSON.stringify({ candidates: bodies(work.kind, { device, first: work.first + from, count }) }));
  }
  const before = { passed: await passedSoFar(kiln), cpu: cpuOf(kiln, folder) };
  const machineBefore = machineSeconds();
  const startedMs = performance.now();
  for (const batch of batches) await post(kiln.url, batch);
  const submittedMs = performance.now() - startedMs;
  await until(startedMs, async () => (await unfinished(kiln)) === 0);
  const wallMs = performance.now() - startedMs;
  const passed = (await passedSoFar(kiln)) - before.passed;
  if (passed !== work.count) throw new Error(`${passed} of ${work.count} candidates passed`);
  const after = cpuOf(kiln, folder);
  const machine = since(machineBefore);
  const each = (of: (cpu: Cpu) => number): number => ((of(after) - of(before.cpu)) * 1000) / work.count;
  return {
    candidates: work.count,
    perSecond: (work.count / wallMs) * 1000,
    submittedPerSecond: (work.count / submittedMs) * 1000,
    cpuMs: { daemon: each(({ daemon }) => daemon), runner: each(({ runner }) => runner), judges: each(({ judges }) => judges) },
    machine: { cpuMs: (machine.busy * 1000) / work.count, busy: machine.busy / (machine.busy + machine.idle) },
    peakMiB: peakMiBOf(kiln.pid),
  };
};

/** Judges are parked once their device has served, each a process that starts: waits until none of them does anything any more. */
export const judgesParked = async ({ kiln, folder }: Pick<Target, 'kiln' | 'folder'>): Promise<void> => {
  let before = Number.NaN;
  let still = 0;
  await until(performance.now(), async () => {
    const { judges } = cpuOf(kiln, folder);
    still = judges === before ? still + 1 : 0;
    before = judges;
    return still === STILL_LOOKS;
  });
};

const since = (before: ReturnType<typeof machineSeconds>): ReturnType<typeof machineSeconds> => {
  const now = machineSeconds();
  return { busy: now.busy - before.busy, idle: now.idle - before.idle };
};

export const post = async (url: string, body: string): Promise<void> => {
  const answer = await fetch(`${url}/v1/candidates`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const text = await answer.text();
  if (!answer.ok || text.includes('"status":"done"'))
    throw new Error(`POST /v1/candidates: ${answer.status} ${text.slice(0, 500)}`);
};

const until = async (startedMs: number, isDone: () => Promise<boolean>): Promise<void> => {
  while (!(await isDone())) {
    if (performance.now() - startedMs > RUN_LIMIT_MS) throw new Error(`what is waited for took more than ${RUN_LIMIT_MS} ms`);
    await pause(LOOK_EVERY_MS);
  }
};

/** By the store: a verdict counts when it is written. */
const unfinished = async (kiln: KilnProcess): Promise<number> => {
  const { stages } = await kiln.client.queue();
  return Object.values(stages).reduce((total, count) => total + count, 0);
};

const passedSoFar = async (kiln: KilnProcess): Promise<number> => {
  const text = await kiln.client.metrics();
  const counts = text.matchAll(/^kiln_candidates_total\{.*verdict="(\w+)"\} (\d+)$/gm);
  return [...counts].reduce((total, [, verdict, count]) => {
    if (verdict !== 'passed') throw new Error(`a simulated candidate ended as ${verdict}`);
    return total + Number(count);
  }, 0);
};

interface Cpu {
  readonly daemon: number;
  readonly runner: number;
  readonly judges: number;
}

/** Seconds so far. The runner's processes name the daemon's folder. */
const cpuOf = (kiln: KilnProcess, folder: string): Cpu => {
  const others = processesNaming(folder).filter(({ pid }) => pid !== kiln.pid);
  const sum = (list: typeof others): number => list.reduce((total, { pid }) => total + cpuSecondsOf(pid), 0);
  const judges = others.filter(({ command }) => command.includes('judge'));
  return { daemon: cpuSecondsOf(kiln.pid), judges: sum(judges), runner: sum(others.filter((one) => !judges.includes(one))) };
};
