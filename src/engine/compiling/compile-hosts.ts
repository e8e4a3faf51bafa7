/**
 * Compile hosts: hosts without a GPU that compile for those with one, whose cores then serve their judges.
 *
 * One compiles for another host only where both name the same compiler: then an artifact's name means the same code wherever it was made.
 * A cubin of another compiler would run as well, but a score would depend on which host happened to have room (ADR 8).
 */
import { connectedTo } from '../host-state.ts';
import type { HostState } from '../host-state.ts';
import type { CompilingSlice } from '../state.ts';
import type { CompileJob } from '../active-candidates.ts';
import type { HostUnit } from './known-artifacts.ts';

/** After a failure of its own, a compile host is not asked for the same kind of work for this long. */
const COOL_DOWN_MS = 30_000;
/** Languages whose code does not depend on the processor that compiles it. Programs are built by an environment: `python:torch`. */
export const TRANSFERABLE = ['cuda', 'triton'] as const;
export const isTransferable = (compiler: string): boolean =>
  TRANSFERABLE.some((language) => language === compiler) || compiler.startsWith('python:');

/** By what name a host tells which compiler it has for a unit. */
export const compilerNameOf = (unit: HostUnit): string =>
  unit.language === 'python' ? `python:${unit.environment}` : unit.language;

export const isCompileHost = ({ connection, leaving, devices, inventory }: HostState): boolean =>
  connection.state === 'connected' &&
  leaving === null &&
  !devices.some(({ kind }) => kind === 'gpu') &&
  Object.keys(inventory?.compilers ?? {}).some(isTransferable);

/** Connected hosts with GPUs that it may compile for. */
export const compilesFor = (state: Pick<CompilingSlice, 'hosts'>, host: HostState): readonly HostState[] =>
  isCompileHost(host) ? [...state.hosts.values()].filter((other) => hasGpu(other) && haveSameCompiler(host, other)) : [];

const hasGpu = ({ connection, devices }: HostState): boolean =>
  connection.state === 'connected' && devices.some(({ kind }) => kind === 'gpu');

export const haveSameCompiler = (one: HostState, other: HostState): boolean =>
  Object.keys(one.inventory?.compilers ?? {}).some((name) => isTransferable(name) && makeSameCode(one, other, name));

/** `compiler`: its name (compilerNameOf). */
export const makeSameCode = (one: HostState, other: HostState, compiler: string): boolean =>
  compilerOf(one, compiler) !== null && compilerOf(one, compiler) === compilerOf(other, compiler);

/** It judges, or has not been heard of, and may have got code from the compile host, now or in an earlier life of the daemon. */
export const mayHoldCodeOf = (maker: HostState, other: HostState): boolean =>
  other !== maker &&
  (other.inventory === null || (other.devices.some(({ kind }) => kind === 'gpu') && haveSameCompiler(maker, other)));

const compilerOf = ({ inventory }: HostState, compiler: string): string | null => inventory?.compilers?.[compiler] ?? null;

/** Those that may compile it instead of `own` now, in no particular order. */
export const compileHostsFor = (state: CompilingSlice, own: HostState, job: CompileJob): readonly HostState[] => {
  const { unit, failedAt } = job;
  const name = compilerNameOf(unit);
  const compiler = compilerOf(own, name);
  if (state.compileHosts.size === 0 || !job.mayTransfer || compiler === null) return [];
  if (!isTransferable(name)) return [];
  return [...state.compileHosts].filter(
    (host) =>
      host !== own && takesWork(state, host, unit) && !failedAt.has(host.session.hostId) && compilerOf(host, name) === compiler,
  );
};

const takesWork = ({ monotonicMs }: CompilingSlice, host: HostState, unit: HostUnit): boolean => {
  const connection = connectedTo(host);
  return (
    host.compiler.quarantine === null &&
    !host.holds.has(null) &&
    connection?.unavailable === null &&
    (connection.coolDowns.get(kindOf(unit)) ?? 0) <= monotonicMs()
  );
};

/** After its own failure, not the source's. */
export const coolDown = (state: CompilingSlice, host: HostState, unit: HostUnit): void => {
  connectedTo(host)?.coolDowns.set(kindOf(unit), state.monotonicMs() + COOL_DOWN_MS);
};

const kindOf = (unit: HostUnit): string => `${compilerNameOf(unit)} ${unit.architecture}`;

/**
 * Who compiles it already, so that it is compiled once; else the host's own pool while it has a free slot; else the compile host with the
 * most; else whoever has least to do for its slots.
 */
export const chooseHost = <T extends Capacity>(unit: HostUnit, own: T, others: readonly T[]): T => {
  if (others.length === 0) return own;
  const busy = [own, ...others].find((host) => [...askedOf(host).values()].includes(unit));
  if (busy || freeSlots(own) > 0) return busy ?? own;
  const [roomiest = own] = others.toSorted((one, two) => freeSlots(two) - freeSlots(one));
  if (freeSlots(roomiest) > 0) return roomiest;
  const [idlest = own] = [own, ...others].toSorted((one, two) => loadOf(one) - loadOf(two));
  return idlest;
};

type Capacity = Pick<HostState, 'connection'> & {
  readonly inventory: Pick<NonNullable<HostState['inventory']>, 'compileSlots'> | null;
};

const NOTHING_ASKED: ReadonlyMap<string, HostUnit> = new Map();
const askedOf = (host: Capacity): ReadonlyMap<string, HostUnit> => connectedTo(host)?.asked ?? NOTHING_ASKED;
const slotsOf = ({ inventory }: Capacity): number => inventory?.compileSlots ?? 1;
const freeSlots = (host: Capacity): number => slotsOf(host) - askedOf(host).size;
const loadOf = (host: Capacity): number => askedOf(host).size / slotsOf(host);
