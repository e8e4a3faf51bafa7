/** Section 4: the rate of GPU 0, alone and while every candidate of GPU 1 takes its context along. In the order A B B A. */
import { join } from 'node:path';
import type { Device } from '../../../src/domain/device.ts';
import { loadProblem } from '../../../src/problems/load-problems.ts';
import { killers, PROBLEM, PROBLEMS_FOLDER, sweepOnly } from '../rate/candidates.ts';
import type { BenchHost } from './host.ts';
import { startRunner } from './runner.ts';
import type { Judged, Runner, Work } from './runner.ts';

const POINTS = 40;
const KILLERS = 8;
/** Judged first and not counted: the judges of the phase before are being replaced, and the pipeline fills. */
const LEAD_IN = 40;
const FAULTS_AHEAD = 4;
const FAULTS_MAX = 2000;
/** A GPU that is gone for good would answer without end. */
const INFRA_FAILURES_MAX = 20;

export interface IsolationPhase {
  readonly neighbour: 'none' | 'faulting';
  readonly perSecond: number;
  /** Share of the wall clock. */
  readonly measuring: number;
  /** Contexts that GPU 1 lost meanwhile, and how long it was lost for each, milliseconds: the middle one. */
  readonly faults: number;
  readonly faultsPerSecond: number;
  readonly lostMs: number | null;
  /** Verdicts that should have been others. */
  readonly unexpected: number;
}

interface Rig {
  readonly runner: Runner;
  readonly honest: readonly Work[];
  readonly killing: readonly Work[];
}

export const measureIsolation = async (host: BenchHost, judgements: number): Promise<readonly IsolationPhase[]> => {
  const runner = await startRunner(host);
  try {
    const loaded = loadProblem(join(PROBLEMS_FOLDER, PROBLEM));
    const prepare = async (list: readonly { source: string; params: Readonly<Record<string, number>> }[]) =>
      Promise.all(list.map(async (code) => runner.prepare(loaded, code)));
    const rig = { runner, honest: await prepare(sweepOnly(POINTS, 0)), killing: await prepare(killers(KILLERS)) };
    const phases: IsolationPhase[] = [];
    for (const neighbour of ['none', 'faulting', 'faulting', 'none'] as const)
      phases.push(await measurePhase(rig, neighbour, { judgements, isSimulated: host.isSimulated }));
    return phases;
  } finally {
    await runner.stop();
  }
};

const measurePhase = async (
  { runner, honest, killing }: Rig,
  neighbour: IsolationPhase['neighbour'],
  { judgements, isSimulated }: { readonly judgements: number; readonly isSimulated: boolean },
): Promise<IsolationPhase> => {
  const [gpu, other] = runner.gpus;
  if (!gpu || !other) throw new Error('two GPUs are needed');
  const faulting = neighbour === 'faulting' ? startFaulting(runner, other, killing) : null;
  const asked = Array.from({ length: LEAD_IN + judgements }, (_, index) => honest[index % honest.length]).filter(isThere);
  const judged = await Promise.all(asked.map(async (work) => runner.judge(gpu, work)));
  const faults = (await faulting?.stop()) ?? [];
  const counted = judged.slice(LEAD_IN);
  const startMs = judged[LEAD_IN - 1]?.arrivedMs ?? 0;
  const wallMs = (counted.at(-1)?.arrivedMs ?? 0) - startMs;
  const meanwhile = faults.filter(({ arrivedMs }) => arrivedMs > startMs && arrivedMs <= startMs + wallMs);
  return {
    neighbour,
    perSecond: (counted.length / wallMs) * 1000,
    measuring: counted.reduce((sum, { phases }) => sum + phases.measureMs, 0) / wallMs,
    faults: meanwhile.filter(({ outcome }) => outcome?.verdict === 'crashed').length,
    faultsPerSecond: (meanwhile.filter(({ outcome }) => outcome?.verdict === 'crashed').length / wallMs) * 1000,
    lostMs: middle(meanwhile.flatMap(({ outcome }) => (outcome?.verdict === 'crashed' ? (outcome.lostMs ?? []) : []))),
    unexpected: wrongAmong(judged, 'passed') + (isSimulated ? 0 : wrongAmong(faults, 'crashed')),
  };
};

/** Keeps GPU 1 supplied with nothing but killers. `stop` resolves once none is left there. */
const startFaulting = (
  runner: Runner,
  gpu: Device,
  killing: readonly Work[],
): { readonly stop: () => Promise<readonly Judged[]> } => {
  const faults: Judged[] = [];
  const supply = { isOn: true, sent: 0, infraFailures: 0 };
  const keepSupplied = async (): Promise<void> => {
    while (supply.isOn && supply.sent < FAULTS_MAX && supply.infraFailures < INFRA_FAILURES_MAX) {
      const work = killing[supply.sent % killing.length];
      if (!work) return;
      supply.sent += 1;
      const judged = await runner.judge(gpu, work);
      if (judged.infra) supply.infraFailures += 1;
      faults.push(judged);
    }
  };
  const supplying = Promise.all(Array.from({ length: FAULTS_AHEAD }, keepSupplied));
  // Told by `stop`.
  supplying.catch(() => undefined);
  return {
    stop: async () => {
      supply.isOn = false;
      await supplying;
      return faults;
    },
  };
};

const wrongAmong = (list: readonly Judged[], verdict: string): number =>
  list.filter(({ outcome }) => outcome?.verdict !== verdict).length;

const isThere = (work: Work | undefined): work is Work => work !== undefined;

const middle = (values: readonly number[]): number | null =>
  values.toSorted((one, two) => one - two)[Math.floor(values.length / 2)] ?? null;
