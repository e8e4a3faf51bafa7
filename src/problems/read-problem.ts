/** The files of one problem's folder: read, bounded, problem.yaml validated. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { KilnError } from '../domain/errors.ts';
import { canInclude, type Files, filesReached } from '../domain/includes.ts';
import { INTEGER_TYPES } from '../domain/plan/dtype.ts';
import { Problem, programFilesOf, type TensorSpec } from '../domain/problem.ts';
import { sourceOf } from './merge-files.ts';
import { parseYaml } from './strict-yaml.ts';
import { languageOfFile } from '../domain/plan/language-of-file.ts';
import { TARGETS } from './targets.ts';
import { ownValue } from '../platform/own-value.ts';

const PROBLEM_FILE = 'problem.yaml';
const PROBLEM_BYTES_MAX = 64 * 1024;
const FILE_BYTES_MAX = 256 * 1024;
const FILES_MAX = 64;
/** `seeds`: good starting candidates. `evolve`: poor ones with much to vary. Neither changes what a candidate is judged by. */
const CANDIDATE_FOLDERS = ['seeds', 'evolve'] as const;
/** What several of its sources share: they include its files by their paths in it. */
const INCLUDE_FOLDER = 'include';

export interface ProblemFolder {
  readonly problem: Problem;
  /** Text of README.md; empty where there is none. */
  readonly readme: string;
  /** Path inside the folder -> text of every code file, with what it includes of the problem's own files. */
  readonly files: Readonly<Record<string, string>>;
}

export const isProblemFolder = (folder: string): boolean => isFile(join(folder, PROBLEM_FILE));

/** Throws INVALID_PROBLEM naming file, line and field. */
export const readProblemFolder = (folder: string): ProblemFolder => {
  const readme = join(folder, 'README.md');
  const problem = readProblem(folder);
  return {
    problem,
    files: readCode(folder, programFilesOf(problem)),
    readme: isFile(readme) ? readText(readme, FILE_BYTES_MAX) : '',
  };
};

const readProblem = (folder: string): Problem => {
  const file = join(folder, PROBLEM_FILE);
  const parsed = parseYaml(
    { text: readText(file, PROBLEM_BYTES_MAX), firstLine: 1, bytesMax: PROBLEM_BYTES_MAX, wholeFloatsBelow: [['call', 'init']] },
    Problem,
    PROBLEM_FILE,
  );
  if (!parsed.ok) throw invalidProblem(file, parsed.field, parsed.message);
  const problem = parsed.value;
  if (problem.name !== basename(folder))
    throw invalidProblem(file, 'name', `"${problem.name}" is not the folder's name, "${basename(folder)}"`);
  refuseRepeatedNames(problem, file);
  refuseOtherVariables(problem, file);
  refuseCompared(problem, file);
  return problem;
};

/** Plans are kept by case name, arguments by name: neither may mean two things. */
const refuseRepeatedNames = (problem: Problem, file: string): void => {
  for (const target of TARGETS) {
    const twice = firstRepeated([...problem.check, ...problem.bench[target]].map((item) => item.name));
    if (twice !== undefined) throw invalidProblem(file, `bench.${target}`, `two cases are called "${twice}"`);
  }
  const twice = firstRepeated([
    ...problem.variables,
    ...[problem.tensors, problem.scalars, problem.derive?.raw ?? {}].flatMap((named) => Object.keys(named)),
    ...(problem.verify?.rules ?? []),
  ]);
  if (twice !== undefined)
    throw invalidProblem(file, 'variables', `"${twice}" names two things; variables, tensors, scalars and rules share one space`);
};

const refuseOtherVariables = ({ hidden, variables }: Problem, file: string): void => {
  if (hidden === undefined) return;
  const other = Object.keys(hidden).find((name) => !variables.includes(name));
  if (other !== undefined) throw invalidProblem(file, `hidden.${other}`, `"${other}" is no variable of the problem`);
  const missing = variables.find((name) => !Object.hasOwn(hidden, name));
  if (missing !== undefined)
    throw invalidProblem(file, `hidden.${missing}`, `"${missing}" has no bounds; every variable needs them`);
};

/** What is said of comparing a tensor, and cannot be. */
const refuseCompared = ({ tensors }: Problem, file: string): void => {
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor.role === 'in' && tensor.tolerance !== undefined)
      throw invalidProblem(file, `tensors.${name}.tolerance`, `"${name}" is an input: only outputs have a tolerance`);
    const reason = tensor.compare && noIndices(name, tensor, ownValue(tensors, tensor.compare.of));
    if (reason !== undefined) throw invalidProblem(file, `tensors.${name}.compare`, reason);
  }
};

/** Why a tensor cannot be compared as indices of another; undefined: it can. */
const noIndices = (
  name: string,
  { role, dtype, tolerance, compare }: TensorSpec,
  of: TensorSpec | undefined,
): string | undefined => {
  if (role !== 'out') return `"${name}" has the role ${role}: only what is \`out\` alone is compared`;
  if (!INTEGER_TYPES.has(dtype)) return `indices are integers, not ${dtype}`;
  if (tolerance !== undefined) return 'an index is right or wrong: a tolerance beside it means nothing';
  if (of?.role !== 'in')
    return `"${compare?.of}" is no tensor with the role \`in\`: indices lead into an input that no kernel may write to`;
  return of.dtype === 'f4e2m1x2' ? `"${compare?.of}" holds two values in a byte, which have no index of their own` : undefined;
};

const firstRepeated = (names: readonly string[]): string | undefined => names.find((name, i) => names.indexOf(name) !== i);

/** Code files of the folder, its `seeds` and its `evolve`, and whatever its programs name. */
const readCode = (folder: string, programs: readonly string[]): Record<string, string> => {
  const inFolders = CANDIDATE_FOLDERS.flatMap((name) => filesOf(join(folder, name)).map((file) => `${name}/${file}`));
  const code = [...readdirSync(folder), ...inFolders].filter((name) => languageOfFile(name) !== undefined);
  const named = programs.filter((name) => isFile(join(folder, name)));
  const names = [...new Set([...code, ...named])].toSorted();
  const include = join(folder, INCLUDE_FOLDER);
  const shared = filesOf(include, { recursive: true }).filter((path) => isFile(join(include, path)));
  const count = names.length + shared.length;
  if (count > FILES_MAX) throw invalidProblem(folder, 'files', `${count} code files; the limit is ${FILES_MAX}`);
  const texts = Object.fromEntries(shared.map((path) => [path, readText(join(include, path), FILE_BYTES_MAX)]));
  return Object.fromEntries(names.map((name) => [name, readSource(folder, name, texts)]));
};

/** `shared`: path in the folder of what sources include -> text. */
const readSource = (folder: string, name: string, shared: Files): string => {
  const source = readText(join(folder, name), FILE_BYTES_MAX);
  const language = languageOfFile(name);
  if (!canInclude(language)) return source;
  try {
    return sourceOf({ source, language, files: filesReached(source, (path) => ownValue(shared, path)) });
  } catch (error) {
    if (error instanceof KilnError) throw invalidProblem(join(folder, name), INCLUDE_FOLDER, error.message);
    throw error;
  }
};

/** Paths in it. */
const filesOf = (folder: string, { recursive }: { readonly recursive?: true } = {}): readonly string[] =>
  statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true
    ? readdirSync(folder, { recursive: recursive === true, encoding: 'utf8' })
    : [];

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

const readText = (path: string, bytesMax: number): string => {
  const { size } = statSync(path);
  if (size > bytesMax) throw invalidProblem(path, 'size', `${size} bytes; the limit is ${bytesMax}`);
  return readFileSync(path, 'utf8');
};

export const invalidProblem = (file: string, field: string, message: string): KilnError =>
  new KilnError('INVALID_PROBLEM', `${file}: ${field}: ${message}`, { details: { file, field } });
