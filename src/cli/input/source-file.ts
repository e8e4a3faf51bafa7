/** Candidate files of the command line. */
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { KilnError } from '../../domain/errors.ts';
import { Language } from '../../domain/plan/plan.ts';
import { programStyleOf } from './program-style.ts';

const LANGUAGES: Readonly<Record<string, Language>> = { '.cu': 'cuda', '.c': 'c', '.py': 'triton' };

export interface SourceFile {
  readonly name: string;
  readonly source: string;
  readonly language: Language;
}

/** The language comes from the ending unless it is given. Throws INVALID_REQUEST. */
export const readSource = async (path: string, language: string | undefined): Promise<SourceFile> => {
  const spoken = language === undefined ? languageOf(path) : parseLanguage(language);
  const source = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new KilnError('INVALID_REQUEST', `${path} cannot be read (${codeOf(error)}): check the path`, { cause: error });
  });
  if (language === undefined && spoken === 'triton') refuseProgram(path, source);
  return { name: basename(path), source, language: spoken };
};

/** Said before it is submitted: the daemon would only miss a launch plan. */
const refuseProgram = (path: string, source: string): void => {
  const found = programStyleOf(source);
  if (!found) return;
  throw new KilnError(
    'INVALID_REQUEST',
    `${path} is taken for ${found.words}, a program with host code: hosts have no recorder for those yet, so it was not submitted. ` +
      'What can be judged is device code with a launch plan (for Triton, a docstring that starts with kiln); --language triton submits the file as that',
  );
};

/** C runs on the cpu device only; for the others the server's default stands. */
export const deviceFor = (language: Language, given: string | undefined): { readonly device?: string } => {
  if (given !== undefined) return { device: given };
  return language === 'c' ? { device: 'cpu' } : {};
};

const languageOf = (path: string): Language => {
  const language = LANGUAGES[extname(path)];
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
