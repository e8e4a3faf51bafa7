/**
 * The same candidates while the device does different things between them: one after the other without a pause, after pauses, and each over and
 * over. Clocks, power and L2 differ between these states, and so do times; a ranking should not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CaseTiming } from '../../../src/domain/measurement.ts';
import type { TimingRules } from '../../../src/domain/protocol.ts';
import type { BenchHost } from '../several/host.ts';
import { startRunner, timingsOf } from '../several/runner.ts';
import type { Runner } from '../several/runner.ts';
import { COMPUTING, prepareWatched, RAGGED, STREAMING } from '../several/watched.ts';
import type { Watched } from '../several/watched.ts';

const PAUSE_MS = 250;

export const STATES = ['in turn', 'after pauses', 'alone'] as const;
export type State = (typeof STATES)[number];

export interface Case {
  readonly kernel: string;
  readonly case: string;
  /** The kernel is the problem's baseline: its speed-up is 1. */
  readonly isBaseline: boolean;
  readonly timings: Readonly<Record<State, readonly CaseTiming[]>>;
}

/** `repeats`: judgements of each kernel in each state. */
export const measureStates = async (host: BenchHost, timing: TimingRules, repeats: number): Promise<readonly Case[]> => {
  const runner = await startRunner(host);
  try {
    const watched = await prepareWatched(runner, [...STREAMING, ...COMPUTING, ...RAGGED]);
    const judge = judging(runner, timing);
    // Problems, buffers and baselines are new to the judge.
    await inTurn(watched, judge, 1);
    const found = {
      'in turn': await inTurn(watched, judge, repeats),
      'after pauses': await afterPauses(watched, judge, repeats),
      alone: await alone(watched, judge, repeats),
    };
    return watched.flatMap(({ name, isBaseline }) => casesOf(name, isBaseline, found));
  } finally {
    await runner.stop();
  }
};

type Judge = (kernel: Watched) => Promise<Timings>;
type Timings = readonly CaseTiming[];
/** Kernel -> its judgements. */
type Found = ReadonlyMap<string, readonly Timings[]>;

export const judging = (runner: Runner, timing: TimingRules): Judge => {
  const [gpu] = runner.gpus;
  if (!gpu) throw new Error('the runner has no GPU');
  return async ({ name, work }) => timingsOf(name, await runner.judge(gpu, work, timing));
};

const inTurn = async (watched: readonly Watched[], judge: Judge, repeats: number): Promise<Found> => {
  const rounds = Array.from({ length: repeats }, () => watched).flat();
  return grouped(await Promise.all(rounds.map(async (kernel) => ({ kernel, timings: await judge(kernel) }))));
};

const afterPauses = async (watched: readonly Watched[], judge: Judge, repeats: number): Promise<Found> => {
  const judged = [];
  for (const kernel of Array.from({ length: repeats }, () => watched).flat()) {
    await sleep(PAUSE_MS);
    judged.push({ kernel, timings: await judge(kernel) });
  }
  return grouped(judged);
};

const alone = async (watched: readonly Watched[], judge: Judge, repeats: number): Promise<Found> => {
  const judged = [];
  for (const kernel of watched) {
    const timings = await Promise.all(Array.from({ length: repeats }, async () => judge(kernel)));
    judged.push(...timings.map((one) => ({ kernel, timings: one })));
  }
  return grouped(judged);
};

const grouped = (judged: readonly { readonly kernel: Watched; readonly timings: Timings }[]): Found =>
  new Map(
    [...Map.groupBy(judged, ({ kernel }) => kernel.name)].map(([name, list]) => [name, list.map(({ timings }) => timings)]),
  );

const casesOf = (kernel: string, isBaseline: boolean, found: Readonly<Record<State, Found>>): readonly Case[] => {
  const of = (state: State, name: string): readonly CaseTiming[] =>
    (found[state].get(kernel) ?? []).flatMap((timings) => timings.filter((timing) => timing.case === name));
  return (found['in turn'].get(kernel)?.[0] ?? []).map((timing) => ({
    kernel,
    case: timing.case,
    isBaseline,
    timings: {
      'in turn': of('in turn', timing.case),
      'after pauses': of('after pauses', timing.case),
      alone: of('alone', timing.case),
    },
  }));
};
