/** What `kiln sweep start` was asked for, from its file and its options. */
import { dirname, extname, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { parseSweepFile, type SweepFile } from '../../config/sweep-file.ts';
import { CreateSweep } from '../../domain/api/sweeps.ts';
import { KilnError } from '../../domain/errors.ts';
import type { Params } from '../../domain/plan/plan.ts';
import type { StrategyName } from '../../domain/sweep/sweep.ts';
import { checked, given } from './given.ts';
import type { Space } from './params.ts';
import { deviceFor, readIncluded, readSource, readText } from './source-file.ts';

export interface SweepOptions {
  readonly problem?: string;
  readonly device?: string;
  readonly language?: string;
  readonly param?: Params;
  readonly space?: Space;
  readonly where?: readonly string[];
  readonly strategy?: StrategyName;
  readonly seed?: number;
  readonly maxRunning?: number;
  readonly budgetCandidates?: number;
  readonly budgetGpuSeconds?: number;
  readonly minutes?: number;
  readonly plateau?: PlateauWish;
  readonly priority?: number;
  readonly submitter?: string;
  readonly label?: readonly string[];
  readonly name?: string;
  readonly with?: readonly string[];
  readonly include?: readonly string[];
}

export interface PlateauWish {
  readonly points: number;
  readonly gain?: number;
}

/** "100", or "100:2" for a gain of two percent. */
export const plateauWish = (text: string): PlateauWish => {
  const [, points, percent] = /^(\d+)(?::(\d*\.?\d+)%?)?$/.exec(text) ?? [];
  if (points === undefined || Number(points) < 1)
    throw new InvalidArgumentError('It must be a number of verdicts, or VERDICTS:PERCENT such as 100:2.');
  return { points: Number(points), ...(percent === undefined ? {} : { gain: Number(percent) / 100 }) };
};

const YAML_ENDINGS = ['.yaml', '.yml'];

/** `path`: a candidate, or a sweep file. Options win over the file. Throws KilnError for what is wrong with either. */
export const sweepOf = async (path: string, options: SweepOptions): Promise<CreateSweep> => {
  const file = YAML_ENDINGS.includes(extname(path)) ? parseSweepFile(await readText(path), path) : null;
  const problem = options.problem ?? file?.problem;
  if (problem === undefined) throw new KilnError('INVALID_REQUEST', NO_PROBLEM);
  const sourcePath = file === null ? path : resolve(dirname(path), file.file);
  const read = await readSource(sourcePath, options.language ?? file?.language);
  const { source, language } = read;
  const { priority = file?.priority, submitter = file?.submitter, label: labels = file?.labels } = options;
  const params = { ...file?.params, ...options.param };
  const device = deviceFor(language, options.device ?? file?.device);
  const { files } = await readIncluded(sourcePath, read, options);
  return checked(CreateSweep, {
    ...settingsOf(file, options),
    candidate: given({ problem, source, files, language, params, ...device, priority, submitter, labels }),
  });
};

const NO_PROBLEM = 'no problem is named: give --problem NAME, or a sweep file (docs/sweeps.md)';

const settingsOf = (file: SweepFile | null, options: SweepOptions): Readonly<Record<string, unknown>> => {
  const { where = [], strategy, seed, maxRunning, plateau, name, space } = options;
  const budget = given({
    candidates: options.budgetCandidates,
    gpuSeconds: options.budgetGpuSeconds,
    minutes: options.minutes,
  });
  return {
    ...given({
      strategy: strategy ?? file?.strategy,
      seed: seed ?? file?.seed,
      maxRunning: maxRunning ?? file?.maxRunning,
      plateau: plateau ?? file?.plateau,
      name: name ?? file?.name,
    }),
    space: { ...file?.space, ...space },
    where: [...(file?.where ?? []), ...where],
    budget: { ...file?.budget, ...budget },
  };
};
