/** What a program must be before it is a candidate, and why none is judged while no host has a recorder. Pure. */
import { Buffer } from 'node:buffer';
import type { Environment } from '../../domain/environment.ts';
import { KilnError } from '../../domain/errors.ts';
import { canRecord } from '../../domain/hosts/environment-label.ts';
import type { HostId } from '../../domain/ids.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { type Program, PROGRAM_BYTES_MAX, PROGRAM_FILES_MAX, type ProgramContent } from '../../domain/program.ts';

export interface HostEnvironments {
  readonly host: HostId;
  readonly environments: readonly Environment[];
}

/** `program`: with the files of its problem that it imports. Throws KilnError where the request itself is wrong. */
export const prepareProgram = (
  source: string,
  program: Program | undefined,
  hosts: readonly HostEnvironments[],
): { readonly content: ProgramContent; readonly outcome: Outcome | null } => {
  if (!program) throw invalid('program', 'a candidate in python needs program.entry: {file, symbol, style}');
  const paths = [program.entry.file, ...program.files.map(({ path }) => path)].map((path) => path.toLowerCase());
  if (new Set(paths).size !== paths.length) throw invalid('program.files', 'two files have one name');
  if (paths.length > PROGRAM_FILES_MAX)
    throw invalid(
      'program.files',
      `${paths.length} files with the entry and those of the problem; the limit is ${PROGRAM_FILES_MAX}`,
    );
  const folders = new Set(paths.flatMap((path) => parentsOf(path)));
  const both = paths.find((path) => folders.has(path));
  if (both !== undefined) throw invalid('program.files', `${both} is a file and a folder`);
  const bytes = [source, ...program.files.map(({ content }) => content)].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > PROGRAM_BYTES_MAX) throw invalid('program.files', `${bytes} bytes together; the limit is ${PROGRAM_BYTES_MAX}`);
  const recording = hosts
    .flatMap(({ environments }) => environments)
    .find((environment) => environment.name === program.environment && canRecord(environment));
  const outcome: Outcome = { verdict: 'contract', case: '', message: whyNot(program.environment, hosts) };
  return { content: { ...program, environmentKey: recording?.key ?? null }, outcome: recording ? null : outcome };
};

const whyNot = (wanted: string, hosts: readonly HostEnvironments[]): string => {
  const having = hosts.filter(({ environments }) => environments.some(({ name }) => name === wanted)).map(({ host }) => host);
  if (having.length === 0)
    return `no host of the fleet has an environment "${wanted}": install PyTorch on one, or name its Python in the fleet file (environments)`;
  return `${having.join(', ')} ${having.length === 1 ? 'has' : 'have'} no recorder for environment "${wanted}": kiln doctor says why; submit it again once one has`;
};

const parentsOf = (path: string): readonly string[] => {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
};

const invalid = (field: string, message: string): KilnError =>
  new KilnError('INVALID_REQUEST', `${field}: ${message}`, { details: { field } });
