/** Section 1: the same stream through the whole path on one GPU and on all of them. */
import type { RateCandidate } from '../rate/candidates.ts';
import { figuresOf } from '../rate/figures.ts';
import type { Figures } from '../rate/figures.ts';
import { runKiln } from '../rate/kiln-run.ts';
import type { KilnRun } from '../rate/kiln-run.ts';
import type { BenchHost } from './host.ts';

export interface GrowthRun {
  readonly gpus: number;
  readonly whole: Figures;
  /** By ordinal. */
  readonly each: readonly Figures[];
  readonly wholeSeconds: number;
  readonly candidates: number;
  readonly roundTripMs: number | null;
  readonly unexpected: readonly string[];
}

export interface Growth {
  readonly one: GrowthRun;
  readonly all: GrowthRun;
}

/** A data folder and a runner of its own for each run, so that nothing is known or cached before. */
export const measureGrowth = async (host: BenchHost, stream: readonly RateCandidate[]): Promise<Growth> => ({
  one: await runOn(host, stream, 1),
  all: await runOn(host, stream, host.gpus.length),
});

const runOn = async (host: BenchHost, stream: readonly RateCandidate[], gpus: number): Promise<GrowthRun> => {
  const run = await runKiln({ transport: host.transport, gpus, stream, isRanked: false, preludeFrom: stream.length });
  const used = host.gpus.slice(0, gpus).map(({ id }) => id);
  return {
    gpus,
    whole: figuresOf(run.judgements),
    each: used.map((id) => figuresOf(judgedOn(run, id))),
    wholeSeconds: run.wholeSeconds,
    candidates: run.candidates,
    roundTripMs: run.roundTripMs,
    unexpected: run.unexpected,
  };
};

const judgedOn = ({ judgements }: KilnRun, id: string): KilnRun['judgements'] => {
  const found = judgements.filter(({ deviceId }) => deviceId === id);
  if (found.length === 0) throw new Error(`${id} judged nothing`);
  return found;
};
