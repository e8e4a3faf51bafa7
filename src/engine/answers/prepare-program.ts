/** What a program must be before it is a candidate, and why none is judged while no host has a recorder. Pure. */
import type { Environment } from '../../domain/environment.ts';
import { KilnError } from '../../domain/errors.ts';
import { canRecord } from '../../domain/hosts/environment-label.ts';
import type { HostId } from '../../domain/ids.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { filesComplaint, type Program, type ProgramContent } from '../../domain/program.ts';

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
  const complaint = filesComplaint([{ path: program.entry.file, content: source }, ...program.files]);
  if (complaint !== null) throw invalid('program.files', complaint);
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

const invalid = (field: string, message: string): KilnError =>
  new KilnError('INVALID_REQUEST', `${field}: ${message}`, { details: { field } });
