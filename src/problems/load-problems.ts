/** Reads every problem of a folder. One that is wrong is told with the file and the field, and keeps no other from being read. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { RefusedProblem } from '../domain/api/problems.ts';
import { KilnError } from '../domain/errors.ts';
import type { ContentHash } from '../domain/ids.ts';
import { baselineOf, Problem } from '../domain/problem.ts';
import type { DefinedCase, ProblemDefinition } from '../domain/protocol.ts';
import { contentHashOf, defineHidden, defineProblem, type TargetCode } from './definition.ts';
import { workOf } from './floors.ts';
import type { HiddenCase, HiddenSet } from './hidden.ts';
import { type LibraryProgram, libraryOf } from './library.ts';
import { PlanError } from './plan-error.ts';
import { handedData } from './resolve-call.ts';
import { invalidProblem, isProblemFolder, type ProblemFolder, readProblemFolder } from './read-problem.ts';
import { environmentsOf } from './resolve-side.ts';
import { targetCodeOf } from './side-code.ts';
import { type Target, TARGETS } from './targets.ts';

/** A problem of `kernels/`, read and validated. Immutable. */
export interface LoadedProblem {
  readonly problem: Problem;
  /** Text of README.md; empty where there is none. */
  readonly readme: string;
  /** Path inside the folder (`reference.cu`, `seeds/1-naive.cu`) -> text. problem.yaml and README.md are not among them. */
  readonly files: Readonly<Record<string, string>>;
  /** Sources of its own baselines. */
  readonly baselines: ReadonlySet<string>;
  /** What it can be judged on. */
  readonly targets: readonly Target[];
  /** Throws UNKNOWN_DEVICE for a target that the problem does not have. */
  readonly requireTarget: (target: Target) => void;
  /** What judges get. `key` is the hash of the rest. Kept, so asking again costs nothing. With a hidden set its own programs are recorded for that too. */
  readonly definitionFor: (target: Target, architecture: string, hiddenSet?: HiddenSet | null) => ProblemDefinition;
  /** A case that was drawn for one judgement. Throws PlanError where its bounds promise too much. */
  readonly hiddenCase: (target: Target, item: HiddenCase) => DefinedCase;
  /** Of programs, that a host must record to judge it there: those of its own reference, its baseline, what derives its inputs and its check. */
  readonly environments: (target: Target) => readonly string[];
  /** Null where it names none. */
  readonly library: LibraryProgram | null;
  /** Changes whenever anything changes that can change a verdict on this target. Part of every candidate's id. */
  readonly contentHash: (target: Target) => ContentHash;
}

export interface ReadProblems {
  /** Name -> problem, sorted by name. */
  readonly problems: ReadonlyMap<string, LoadedProblem>;
  readonly refused: readonly RefusedProblem[];
}

/** The same of one that must be whole: throws the first complaint. */
export const loadProblems = (directory: string): ReadonlyMap<string, LoadedProblem> => {
  const { problems, refused } = readProblems(directory);
  const [first] = refused;
  if (first) throw new KilnError('INVALID_PROBLEM', first.reason, { details: { file: first.folder } });
  return problems;
};

/** A folder without problem.yaml is none. Throws INVALID_PROBLEM only where there is no problem at all. */
export const readProblems = (directory: string): ReadProblems => {
  const entries = existsSync(directory) ? readdirSync(directory, { withFileTypes: true }) : [];
  const folders = entries.filter((entry) => entry.isDirectory());
  const paths = folders.map((entry) => join(directory, entry.name)).filter((folder) => isProblemFolder(folder));
  if (paths.length === 0) throw invalidProblem(directory, 'problems', 'no folder in it holds a problem.yaml');
  const problems = new Map<string, LoadedProblem>();
  const refused: RefusedProblem[] = [];
  for (const folder of paths.toSorted()) {
    try {
      const loaded = loadProblem(folder);
      problems.set(loaded.problem.name, loaded);
    } catch (error) {
      // A file that cannot be read is as good as one that is wrong.
      if (!(error instanceof Error)) throw error;
      refused.push({ name: basename(folder), folder, reason: error.message });
    }
  }
  return { problems, refused };
};

/** A problem as the store kept it; null where that is none of this Kiln's any more. */
export const problemOfDocument = (document: unknown): LoadedProblem | null => {
  const parsed = Document.safeParse(document);
  if (!parsed.success) return null;
  try {
    return createLoadedProblem(parsed.data);
  } catch (error) {
    if (error instanceof PlanError) return null;
    throw error;
  }
};

const Document = z.strictObject({ problem: Problem, readme: z.string(), files: z.record(z.string(), z.string()) });

/** One problem. Throws INVALID_PROBLEM naming file, line and field. */
export const loadProblem = (folder: string): LoadedProblem => {
  const read = readProblemFolder(folder);
  try {
    return createLoadedProblem(read);
  } catch (error) {
    if (error instanceof PlanError) throw invalidProblem(folder, error.field, error.message);
    throw error;
  }
};

/** Checks that reference and baseline of every target resolve for every case. Throws PlanError otherwise. */
const createLoadedProblem = ({ problem, readme, files }: ProblemFolder): LoadedProblem => {
  const targets = TARGETS.filter((target) => problem[target] !== undefined);
  if (targets.length === 0) throw new PlanError('gpu', 'neither "gpu" nor "cpu" is given: it could be judged on nothing');
  for (const { shape } of targets.flatMap((target) => problem.bench[target])) workOf(problem, shape);
  // Whatever style its own programs have: candidates may have another. Names mean the same in every case.
  handedData(problem, { shape: {} });
  const codes = new Map(targets.map((target) => [target, targetCodeOf({ problem, files }, target)]));
  const hashes = new Map(targets.map((target) => [target, contentHashOf(codeFor(target), { problem, target })]));
  /** Those of a set go with it. */
  const definitions = new WeakMap<object, Map<string, ProblemDefinition>>();

  function codeFor(target: Target): TargetCode {
    const code = codes.get(target);
    if (code) return code;
    throw new KilnError(
      'UNKNOWN_DEVICE',
      `problem "${problem.name}" cannot be judged on a ${target} device, only on: ${targets.join(', ')}`,
    );
  }

  const definitionFor: LoadedProblem['definitionFor'] = (target, architecture, hiddenSet) => {
    const key = `${target} ${architecture}`;
    const known = definitions.get(hiddenSet ?? problem) ?? new Map<string, ProblemDefinition>();
    definitions.set(hiddenSet ?? problem, known);
    const context = { problem, target, architecture, hiddenCases: hiddenSet?.cases };
    const definition = known.get(key) ?? defineProblem(codeFor(target), context);
    known.set(key, definition);
    return definition;
  };

  const contentHash = (target: Target): ContentHash => hashes.get(target) ?? contentHashOf(codeFor(target), { problem, target });
  const environments = (target: Target): readonly string[] => environmentsOf(Object.values(codes.get(target) ?? {}));
  const hiddenCase = (target: Target, item: HiddenCase): DefinedCase => defineHidden(codeFor(target), item, { problem });
  return {
    problem,
    readme,
    files,
    baselines: new Set(baselineFiles({ problem, files }).flatMap((file) => files[file] ?? [])),
    targets,
    hiddenCase,
    requireTarget: (target) => void codeFor(target),
    definitionFor,
    contentHash,
    environments,
    library: libraryOf({ problem, files }),
  };
};

/** Whose times others are compared with, and so told in full. */
const baselineFiles = ({ problem, files }: Pick<ProblemFolder, 'problem' | 'files'>): readonly string[] => {
  const baseline = problem.gpu && baselineOf(problem.gpu);
  return [
    ...Object.keys(files).filter((file) => file.startsWith('baseline.')),
    ...(typeof baseline === 'object' ? [baseline.file] : []),
  ];
};
