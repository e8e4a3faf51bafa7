/** Candidate files of the command line. */
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { SubmitCandidate } from '../../domain/api/candidates.ts';
import { KilnError } from '../../domain/errors.ts';
import { canInclude, type Files, filesReached } from '../../domain/includes.ts';
import { languageOfFile } from '../../domain/plan/language-of-file.ts';
import { Language } from '../../domain/plan/plan.ts';
import { FilePath } from '../../domain/program.ts';
import { type RecognisedProgram, recogniseProgram } from '../../domain/program-style.ts';
import { ownValue } from '../../platform/own-value.ts';
import { note } from '../context.ts';

export interface SourceFile {
  readonly name: string;
  readonly source: string;
  readonly language: Language;
  /** Of a program, what its file is taken for. */
  readonly program?: RecognisedProgram;
}

/** The language comes from the ending unless it is given. Throws INVALID_REQUEST. */
export const readSource = async (path: string, language: string | undefined): Promise<SourceFile> => {
  const spoken = language === undefined ? languageOf(path) : parseLanguage(language);
  const source = await readText(path);
  const name = basename(path);
  const program = spoken === 'python' || (spoken === 'triton' && language === undefined) ? recogniseProgram(source) : null;
  if (program) return { name, source, language: 'python', program };
  if (spoken !== 'python') return { name, source, language: spoken };
  throw new KilnError(
    'INVALID_REQUEST',
    `${path}: a program defines custom_kernel, a class ModelNew, or run; none of them is there`,
  );
};

/** Throws INVALID_REQUEST where it cannot be read. */
export const readText = async (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: unknown) => {
    throw new KilnError('INVALID_REQUEST', `${path} cannot be read (${codeOf(error)}): check the path`, { cause: error });
  });

interface Including {
  /** Files. */
  readonly with?: readonly string[];
  /** Folders in which includes are looked for. */
  readonly include?: readonly string[];
}

/** What a source includes, by the paths that it says: what is named, and what it includes of folders. Throws INVALID_REQUEST. */
export const readIncluded = async (
  path: string,
  { source, language }: SourceFile,
  { with: others = [], include: folders = [] }: Including,
): Promise<Pick<SubmitCandidate, 'files'>> => {
  const texts = others.map(async (other) => [nameBeside(path, other), await readText(other)] as const);
  const named: Files = Object.fromEntries(await Promise.all(texts));
  if (folders.length > 0) refuseFolders(folders, language);
  const textOf = (asked: string): string | undefined => ownValue(named, asked) ?? textIn(folders, asked);
  const files = folders.length === 0 ? named : { ...named, ...filesReached(source, textOf) };
  if (canInclude(language)) noteForgotten(path, source, files);
  return Object.keys(files).length === 0 ? {} : { files };
};

/** What is included, lies where it would be looked for, and is not sent. */
const noteForgotten = (path: string, source: string, files: Files): void => {
  for (const folder of [dirname(path), join(dirname(path), '..', 'include')]) {
    const reached = filesReached(source, (asked) => ownValue(files, asked) ?? textIn([folder], asked));
    const forgotten = Object.keys(reached).filter((asked) => !Object.hasOwn(files, asked));
    if (forgotten.length === 0) continue;
    note(`${path} includes ${forgotten.join(', ')}, which is not sent along: add --include ${folder}`);
    return;
  }
};

const refuseFolders = (folders: readonly string[], language: Language): void => {
  if (!canInclude(language))
    throw new KilnError('INVALID_REQUEST', `--include: only cuda and c include files; ${language} does not`);
  const missing = folders.find((folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true);
  if (missing !== undefined) throw new KilnError('INVALID_REQUEST', `--include ${missing}: there is no such folder`);
};

/** Of the first folder that has it. Nothing outside of them is sent. */
const textIn = (folders: readonly string[], asked: string): string | undefined => {
  if (!FilePath.safeParse(asked).success) return undefined;
  const file = folders
    .map((folder) => join(folder, asked))
    .find((place) => statSync(place, { throwIfNoEntry: false })?.isFile() === true);
  return file === undefined ? undefined : readFileSync(file, 'utf8');
};

/** From elsewhere by its name alone. */
const nameBeside = (path: string, other: string): string => {
  const name = relative(dirname(path), other);
  return name.startsWith('..') ? basename(other) : name;
};

/** C runs on the cpu device only; for the others the server's default stands. */
export const deviceFor = (language: Language, given: string | undefined): { readonly device?: string } => {
  if (given !== undefined) return { device: given };
  return language === 'c' ? { device: 'cpu' } : {};
};

const languageOf = (path: string): Language => {
  const language = languageOfFile(path);
  if (language) return language;
  throw new KilnError('INVALID_REQUEST', `${path}: no language goes by this ending: use .cu, .c or .py, or --language`);
};

const parseLanguage = (text: string): Language => {
  const parsed = Language.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new KilnError('INVALID_REQUEST', `--language ${text}: use one of ${Language.options.join(', ')}`);
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);
