/**
 * Compile hosts: hosts without a GPU that compile for those with one, whose cores then serve their judges.
 *
 * One compiles for another host only where both name the same compiler: then an artifact's name means the same code wherever it was made.
 * A cubin of another compiler would run as well, but a score would depend on which host happened to have room (ADR 8).
 */
import type { CompileUnit } from '../../domain/protocol.ts';
import type { EngineState, HostState } from '../state.ts';
import type { CompileJob } from '../active-candidates.ts';

/** After a failure of its own, a compile host is not asked for the same kind of work for this long. */
const REST_MS = 30_000;
/** Languages whose code does not depend on the processor that compiles it. */
const TRAVELLING = ['cuda', 'triton'] as const;

export const isCompileHost = ({ state, devices, inventory }: HostState): boolean =>
  state === 'connected' &&
  !devices.some(({ kind }) => kind === 'gpu') &&
  TRAVELLING.some((language) => inventory?.compilers?.[language] !== undefined);

/** Connected hosts with GPUs that it may compile for. */
export const compilesFor = (state: EngineState, host: HostState): readonly HostState[] =>
  isCompileHost(host) ? [...state.hosts.values()].filter((other) => hasGpu(other) && haveSameCompiler(host, other)) : [];

const hasGpu = ({ state, devices }: HostState): boolean => state === 'connected' && devices.some(({ kind }) => kind === 'gpu');

const haveSameCompiler = (one: HostState, other: HostState): boolean =>
  TRAVELLING.some((language) => makeSameCode(one, other, language));

export const makeSameCode = (one: HostState, other: HostState, language: string): boolean =>
  compilerOf(one, language) !== null && compilerOf(one, language) === compilerOf(other, language);

const compilerOf = ({ inventory }: HostState, language: string): string | null => inventory?.compilers?.[language] ?? null;

/** Those that may compile it instead of `own` now, in no particular order. */
export const compileHostsFor = (state: EngineState, own: HostState, job: CompileJob): readonly HostState[] => {
  const { unit, failedAt } = job;
  const compiler = compilerOf(own, unit.language);
  if (state.compileHosts.size === 0 || !job.mayTravel || compiler === null) return [];
  if (!TRAVELLING.some((language) => language === unit.language)) return [];
  return [...state.compileHosts].filter(
    (host) =>
      host !== own &&
      host.resting === null &&
      !failedAt.has(host.session.hostId) &&
      compilerOf(host, unit.language) === compiler &&
      (host.restsUntilMs.get(kindOf(unit)) ?? 0) <= state.monotonicMs(),
  );
};

/** Its own failure, not the source's. */
export const rest = (state: EngineState, host: HostState, unit: CompileUnit): void => {
  host.restsUntilMs.set(kindOf(unit), state.monotonicMs() + REST_MS);
};

const kindOf = ({ language, architecture }: CompileUnit): string => `${language} ${architecture}`;

/**
 * Who compiles it already, so that it is compiled once; else the host's own pool while it has a free slot; else the compile host with the
 * most; else whoever has least to do for its slots.
 */
export const chooseHost = <T extends Capacity>(unit: CompileUnit, own: T, others: readonly T[]): T => {
  if (others.length === 0) return own;
  const busy = [own, ...others].find(({ asked }) => [...asked.values()].includes(unit));
  if (busy || freeSlots(own) > 0) return busy ?? own;
  const [roomiest = own] = others.toSorted((one, two) => freeSlots(two) - freeSlots(one));
  if (freeSlots(roomiest) > 0) return roomiest;
  const [idlest = own] = [own, ...others].toSorted((one, two) => loadOf(one) - loadOf(two));
  return idlest;
};

type Capacity = Pick<HostState, 'asked'> & {
  readonly inventory: Pick<NonNullable<HostState['inventory']>, 'compileSlots'> | null;
};

const slotsOf = ({ inventory }: Capacity): number => inventory?.compileSlots ?? 1;
const freeSlots = (host: Capacity): number => slotsOf(host) - host.asked.size;
const loadOf = (host: Capacity): number => host.asked.size / slotsOf(host);
