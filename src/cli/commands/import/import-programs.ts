/** What importers of Python files share: describe them, write folders, and say of each what became of it. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { loadKilnConfig } from '../../../config/kiln-config.ts';
import { KilnError } from '../../../domain/errors.ts';
import { describeLocal } from '../../../importers/programs/describe-local.ts';
import { type ImportedProgram, importSources } from '../../../importers/programs/import-sources.ts';
import { RefusedFile } from '../../../importers/programs/refused-file.ts';
import type { RefusedSource, Source } from '../../../importers/programs/source.ts';
import { plainText } from '../../../platform/printable-text.ts';
import { contextOf, type GlobalOptions, note, print, printJson, PROJECT_ROOT } from '../../context.ts';
import { EXIT } from '../../exit-codes.ts';
import { describeOnHost } from '../../hosts/describe-on-host.ts';
import { writeProblemFolder } from '../../input/problem-folder.ts';
import { wholeNumber } from '../../input/whole-number.ts';
import { table } from '../../output/table.ts';

export interface ImportOptions {
  readonly name?: string;
  readonly to?: string;
  readonly python?: string;
  readonly host?: string;
  readonly seconds: number;
}

const SECONDS_USUAL = 120;

export const withImportOptions = (command: Command): Command =>
  command
    .option('--name <name>', "the problem's name, of one file (default: its own)")
    .option('--to <folder>', 'where the folders are made (default: the kernels folder)')
    .option('--python <path>', 'a Python with PyTorch that runs the files, without a GPU (default: the first here that has it)')
    .option('--host <name>', 'run them on this host of the fleet instead')
    .option('--seconds <number>', 'end what one file does after so long', wholeNumber(1, 3600), SECONDS_USUAL);

interface Asked {
  readonly path: string;
  readonly find: (path: string) => readonly (Source | RefusedSource)[];
  readonly options: ImportOptions;
}

/** Where problems' folders are made. */
export const placeOf = ({ to }: Pick<ImportOptions, 'to'>): string =>
  to ?? loadKilnConfig({ root: PROJECT_ROOT, env: process.env }).kernelsDir;

type Result = ImportedProgram | RefusedSource;

export const importAll = async (program: Command, { path, find, options }: Asked): Promise<void> => {
  const found = named(findIn(path, find), options.name);
  const sources = found.filter((one) => 'files' in one);
  if (sources.length > 1) note(`${sources.length} files are run, without a GPU; one takes ${options.seconds} s at most`);
  const to = placeOf(options);
  const answers = sources.length === 0 ? [] : await described(program, sources, options);
  const imported = importSources(sources, answers, new Set());
  const results = found.map(
    (one): Result => ('files' in one ? (imported[sources.indexOf(one)] ?? { label: one.label, refused: '' }) : one),
  );
  writeAll(program, results, to);
};

/** Writes the folders, says of each what became of it, and sets the exit status. */
export const writeAll = (program: Command, results: readonly Result[], to: string): void => {
  const { json = false } = program.opts<GlobalOptions>();
  const written = results.map((one) => write(one, to));
  if (json) printJson(written);
  else print(reportText(written));
  process.exitCode = exitStatus(written);
};

const described = async (
  program: Command,
  sources: readonly Source[],
  { host, python, seconds }: ImportOptions,
): ReturnType<typeof describeLocal> =>
  host === undefined
    ? describeLocal(sources, { python, seconds })
    : describeOnHost((await contextOf(program)).client, host, sources, { python, seconds });

/** What `find` finds at a path that a person gave: one at least. Throws INVALID_REQUEST where there is nothing, or nothing can be read. */
export const findIn = <T>(path: string, find: (path: string) => readonly T[]): readonly T[] => {
  if (!existsSync(path)) throw new KilnError('INVALID_REQUEST', `there is nothing at ${path}: check the path`);
  try {
    const found = find(path);
    if (found.length > 0) return found;
  } catch (error) {
    if (error instanceof RefusedFile) throw new KilnError('INVALID_REQUEST', error.message, { cause: error });
    throw error;
  }
  throw new KilnError('INVALID_REQUEST', `${path} holds nothing of that kind (docs/importers.md says what is looked for)`);
};

const named = (found: readonly (Source | RefusedSource)[], name: string | undefined): readonly (Source | RefusedSource)[] => {
  if (name === undefined) return found;
  if (found.length > 1) throw new KilnError('INVALID_REQUEST', `--name: there are ${found.length} files; leave the name out`);
  return found.map((one) => ('files' in one ? { ...one, name } : one));
};

type Written = RefusedSource | (Omit<ImportedProgram, 'files'> & { readonly folder: string });

const write = (one: Result, to: string): Written => {
  if ('refused' in one) return one;
  const { label, name, files, notes } = one;
  const folder = join(to, name);
  if (existsSync(folder) && readdirSync(folder).length > 0)
    return {
      label,
      refused: `${folder} is there already: import it alone under another name (--name), or into another folder (--to)`,
    };
  return { label, name, notes, folder: writeProblemFolder(to, name, files) };
};

/** 3 where some became no problem, as where some candidates did not pass; 1 where none did. */
const exitStatus = (written: readonly Written[]): number => {
  const refused = written.filter((one) => 'refused' in one).length;
  if (refused === written.length) return EXIT.failed;
  return refused > 0 ? EXIT.notPassed : EXIT.ok;
};

const reportText = (written: readonly Written[]): string => {
  const made = written.filter((one) => 'folder' in one);
  const rows = written.map((one) =>
    'folder' in one ? [one.label, one.name, notesText(one.notes)] : [one.label, '-', plainText(one.refused)],
  );
  const first = made[0];
  return [
    table([{ title: 'FROM' }, { title: 'PROBLEM' }, { title: 'WHAT IS TO BE KNOWN' }], rows),
    '',
    `${made.length} of ${written.length} became problems${written.length > made.length ? `, ${written.length - made.length} did not` : ''}`,
    ...(first ? ['kiln problem reload has the daemon read them; then: kiln submit FILE --problem ' + first.name] : []),
  ].join('\n');
};

const notesText = (notes: readonly string[]): string =>
  notes.length <= 1 ? plainText(notes[0] ?? '') : `${plainText(notes[0] ?? '')} (and ${notes.length - 1} more: README.md)`;
