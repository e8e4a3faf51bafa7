/** What people did on hosts, and who: one event when it begins, one when it ends. */
import type { HostId } from '../domain/ids.ts';
import type { Caller } from '../domain/ports/host-work.ts';
import type { Hosts } from './hosts.ts';

const ARGUMENTS_SHOWN_MAX = 32;
const ARGUMENT_CHARS_MAX = 200;

export interface Work {
  readonly host: HostId;
  readonly action: string;
  readonly argv?: readonly string[];
  readonly [fact: string]: unknown;
}

export const noteStart = (hosts: Pick<Hosts, 'note'>, work: Work, caller: Caller): void => {
  hosts.note({ type: 'host.work.started', candidateId: null, hostId: work.host, data: { ...factsOf(work), by: caller } });
};

export const noteEnd = (
  hosts: Pick<Hosts, 'note'>,
  work: Work,
  { caller, end }: { readonly caller: Caller; readonly end: Readonly<Record<string, unknown>> },
): void => {
  hosts.note({ type: 'host.work.ended', candidateId: null, hostId: work.host, data: { ...factsOf(work), by: caller, ...end } });
};

/** Values of variables may be secrets, and are not among them. */
const factsOf = ({ host: _host, argv, ...facts }: Work): Record<string, unknown> => ({
  ...facts,
  ...(argv ? { argv: argv.slice(0, ARGUMENTS_SHOWN_MAX).map((word) => word.slice(0, ARGUMENT_CHARS_MAX)) } : {}),
});
