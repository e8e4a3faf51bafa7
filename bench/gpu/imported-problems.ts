/** Imports a folder of public files by Kiln's own importers, as `kiln import` does, as many side by side as this machine has processors for. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { writeProblemFolder } from '../../src/cli/input/problem-folder.ts';
import { findGpuModeTasks } from '../../src/importers/gpumode/find-tasks.ts';
import { findKernelBenchFiles } from '../../src/importers/kernelbench/find-files.ts';
import { filesBelow } from '../../src/importers/programs/checkout.ts';
import { describeLocal, type DescribeOptions } from '../../src/importers/programs/describe-local.ts';
import type { Answer } from '../../src/importers/programs/described.ts';
import { importSources } from '../../src/importers/programs/import-sources.ts';
import type { RefusedSource, Source } from '../../src/importers/programs/source.ts';
import type { Collection, ImportedFile } from './imported-work.ts';

/** So many are described side by side by one Python (SIDE_BY_SIDE_MAX of describe's children). */
const SIDE_BY_SIDE = 4;

interface Wanted {
  readonly collections: readonly Collection[];
  /** Those alone whose path holds one of the texts. */
  readonly named: readonly string[] | undefined;
  readonly python: string | undefined;
  /** That describing one may take. */
  readonly seconds: number;
  readonly kernelsDir: string;
}

const FINDERS: Readonly<Record<Collection, (from: string) => readonly (Source | RefusedSource)[]>> = {
  gpumode: findGpuModeTasks,
  kernelbench: (from) => findKernelBenchFiles(from, undefined),
};

/** Writes the problems' folders into `kernelsDir`. */
export const importFolder = async (
  from: string,
  { collections, named, python, seconds, kernelsDir }: Wanted,
): Promise<readonly ImportedFile[]> => {
  const isWanted = ({ label }: Source | RefusedSource): boolean =>
    named === undefined || named.some((text) => label.includes(text));
  const found = collections.flatMap((collection) =>
    FINDERS[collection](from)
      .filter(isWanted)
      .map((source) => ({ collection, source })),
  );
  const sources = found.flatMap(({ source }) => ('files' in source ? [source] : []));
  const results = importSources(sources, await describeAll(sources, { python, seconds }), new Set());
  return found.map(({ collection, source }): ImportedFile => {
    const result = 'files' in source ? results[sources.indexOf(source)] : source;
    const { label } = source;
    if (!result || 'refused' in result) return { collection, label, refused: result?.refused ?? 'nothing was said of it' };
    writeProblemFolder(kernelsDir, result.name, result.files);
    const submissions = collection === 'gpumode' ? submissionsIn(join(from, label)) : {};
    return { collection, label, problem: result.name, notes: result.notes, submissions };
  });
};

/** In the order of the sources. Neighbours cost about the same, so each Python gets some of all. */
const describeAll = async (sources: readonly Source[], options: DescribeOptions): Promise<readonly Answer[]> => {
  const width = Math.max(1, Math.floor(availableParallelism() / SIDE_BY_SIDE));
  const parts = Array.from({ length: width }, (_, part) => sources.filter((_source, index) => index % width === part));
  const answers = await Promise.all(parts.map(async (part) => (part.length === 0 ? [] : describeLocal(part, options))));
  return sources.map(
    (_source, index) => answers[index % width]?.[Math.floor(index / width)] ?? { refused: 'nothing was said of it' },
  );
};

/** Path from the task's folder -> text. */
const submissionsIn = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    filesBelow(folder, (path) => basename(path) === 'submission.py' || /^(?:solutions|submissions)\/.*\.py$/u.test(path)).map(
      (path) => [path, readFileSync(join(folder, path), 'utf8')],
    ),
  );
