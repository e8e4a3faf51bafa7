/** Candidate files of the command line. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, relative } from 'node:path';
import type { SubmitCandidate } from '../../domain/api/candidates.ts';
import { KilnError } from '../../domain/errors.ts';
import { languageOfFile } from '../../domain/plan/language-of-file.ts';
import { Language } from '../../domain/plan/plan.ts';
import { type RecognisedProgram, recogniseProgram } from '../../domain/program-style.ts';

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

/** What a source includes, by paths from its folder, as it says them. */
export const readIncluded = async (path: string, others: readonly string[] = []): Promise<Pick<SubmitCandidate, 'files'>> => {
  if (others.length === 0) return {};
  const texts = others.map(async (other) => [nameBeside(path, other), await readText(other)] as const);
  return { files: Object.fromEntries(await Promise.all(texts)) };
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
