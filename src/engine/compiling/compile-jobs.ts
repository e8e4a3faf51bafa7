/** Has candidates compiled: at their own host, or at a compile host whose artifact is then brought there; and takes the answers. */
import { CandidateId } from '../../domain/ids.ts';
import type { KernelResources } from '../../domain/kernel-resources.ts';
import type { CompileResult, FromRunner } from '../../domain/protocol.ts';
import type { Effect } from '../../scheduler/effects.ts';
import { markedUnit } from '../canaries/marks.ts';
import { bringArtifact } from './transfers.ts';
import { chooseHost, compileHostsFor, makeSameCode, rest } from './compile-hosts.ts';
import type { EngineState, HostState } from '../state.ts';
import type { Compiled as KnownCompile } from './known-artifacts.ts';
import { findKnown, remember } from './known-compiles.ts';
import { resolvedFor } from '../active-candidates.ts';
import type { CompileJob, Live } from '../active-candidates.ts';

const COMPILE_LOG_CHARS_MAX = 64 * 1024;
const SEPARATOR = '@';

type Of<T extends Effect['type']> = Extract<Effect, { type: T }>;
type Compiled = Extract<FromRunner, { type: 'compiled' }>;

export const askCompile = (state: EngineState, { id, hostId, deviceModel }: Of<'compile'>): void => {
  const live = state.lives.get(id);
  const host = state.hosts.get(hostId);
  const device = host?.devices.find(({ model }) => model === deviceModel);
  if (!live || !host || !device) return;
  const resolved = resolvedFor(live, device.architecture);
  if ('verdict' in resolved) {
    state.apply({ type: 'compiled', id, hostId, result: { status: 'failed', outcome: resolved } });
    return;
  }
  live.compiling = {
    hostId,
    unit: markedUnit(resolved.unit, host.marks.code),
    asked: null,
    failedAt: new Set(),
    mayTravel: true,
  };
  advance(state, live, live.compiling);
};

export const cancelCompile = (state: EngineState, { id, hostId }: Of<'cancel-compile'>): void => {
  const live = state.lives.get(id);
  if (live?.compiling?.hostId === hostId) withdraw(state, live, live.compiling);
};

/** One that nobody waits for any more (cancelled, moved to another host) changes nothing. */
export const onCompiled = (state: EngineState, host: HostState, { compileId, result }: Compiled): void => {
  host.asked.delete(compileId);
  count(state, host, result);
  const forRecord = host.recordCompiles.get(compileId);
  if (forRecord) return forRecord(result);
  const id = CandidateId.safeParse(compileId.split(SEPARATOR)[0]).data;
  const live = id && state.lives.get(id);
  const job = live?.compiling;
  if (!live || job?.asked?.compileId !== compileId || job.asked.hostId !== host.session.hostId) return;
  remember(host, job.unit, result);
  if (job.hostId === host.session.hostId) finish(state, live, { host, result });
  else onCompiledElsewhere(state, live, { job, at: host, result });
};

/** Before the scheduler hears of it. What was compiled there for other hosts is compiled elsewhere, at nobody's cost. */
export const onCompilingHostGone = (state: EngineState, host: HostState): void => {
  const { hostId } = host.session;
  host.asked.clear();
  for (const live of state.lives.values()) {
    const job = live.compiling;
    if (job?.hostId === hostId) withdraw(state, live, job);
    else if (job?.asked?.hostId === hostId) advance(state, live, job);
  }
  host.fetches.drop('its host was lost');
  host.puts.drop('its host was lost');
};

/**
 * Another compiler makes other code: what is known to be compiled there is forgotten, and what travels between it and others is begun again. What
 * it compiles for itself, its runner begins again by itself.
 */
export const onCompilersChanged = (state: EngineState, host: HostState): void => {
  const { hostId } = host.session;
  host.known.clear();
  host.restsUntilMs.clear();
  for (const live of state.lives.values()) {
    const job = live.compiling;
    if (!job || (job.hostId !== hostId && job.asked?.hostId !== hostId)) continue;
    if (job.asked && job.asked.hostId !== job.hostId) restart(state, live, job);
  }
  host.fetches.drop('its compiler changed');
};

const restart = (state: EngineState, live: Live, job: CompileJob): void => {
  withdraw(state, live, job);
  live.compiling = { ...job, asked: null };
  advance(state, live, live.compiling);
};

/** One step towards the artifact at its host: it is there; a compile host has it; or somebody is asked to compile it. */
const advance = (state: EngineState, live: Live, job: CompileJob): void => {
  const host = state.hosts.get(job.hostId);
  if (!host) return;
  const known = findKnown(state, host, job.unit);
  if (known) return finish(state, live, { host, result: known });
  const others = compileHostsFor(state, host, job);
  const holder = others.find((other) => other.known.find(job.unit));
  const held = holder && findKnown(state, holder, job.unit);
  if (held) return bring(state, live, { job, at: holder, result: held });
  ask(state, live, { job, at: chooseHost(job.unit, host, others) });
};

interface At {
  readonly job: CompileJob;
  readonly at: HostState;
}

const ask = (state: EngineState, live: Live, { job, at }: At): void => {
  // The number tells a late answer from the one that is waited for.
  live.compiles += 1;
  const compileId = `${live.id}${SEPARATOR}${live.compiles}`;
  job.asked = { hostId: at.session.hostId, compileId };
  if (at.session.compile(compileId, job.unit, state.rules.compileLimitMs)) at.asked.set(compileId, job.unit);
};

/**
 * What the source does wrong is final wherever it shows; what the compile host does wrong is tried elsewhere, at last at the own host. A limit
 * that was passed is the own host's to tell: a slower machine must not make the verdict.
 */
const onCompiledElsewhere = (
  state: EngineState,
  live: Live,
  { job, at, result }: At & { readonly result: CompileResult },
): void => {
  const own = state.hosts.get(job.hostId);
  if (!own) return;
  switch (result.status) {
    case 'compiled':
      return bring(state, live, { job, at, result });
    case 'failed':
      if (result.outcome.verdict !== 'timed_out') return finish(state, live, { host: own, result });
      job.mayTravel = false;
      return advance(state, live, job);
    case 'infra': {
      const { code, message } = result.failure;
      state.metrics.onInfra(code);
      state.log.warn({ hostId: at.session.hostId, code }, `compile host rests: ${message}`);
      rest(state, at, job.unit);
      job.failedAt.add(at.session.hostId);
      advance(state, live, job);
    }
  }
};

const bring = (state: EngineState, live: Live, { job, at, result }: At & { readonly result: KnownCompile }): void => {
  const to = state.hosts.get(job.hostId);
  if (!to) return;
  job.asked = null;
  bringArtifact(state, {
    artifact: result.artifact,
    from: at,
    to,
    arrived: (failed) => {
      // A compiler may have been replaced while it travelled.
      const isUsed = failed === null && makeSameCode(at, to, job.unit.language);
      if (isUsed) remember(to, job.unit, result);
      if (live.compiling !== job) return;
      if (isUsed) return finish(state, live, { host: to, result });
      if (failed === 'put') job.mayTravel = false;
      job.failedAt.add(at.session.hostId);
      advance(state, live, job);
    },
  });
};

const withdraw = (state: EngineState, live: Live, { asked }: CompileJob): void => {
  live.compiling = null;
  if (!asked) return;
  const at = state.hosts.get(asked.hostId);
  if (at?.asked.delete(asked.compileId)) at.session.cancelCompile(asked.compileId);
};

interface Answer {
  /** Whose devices it is for. */
  readonly host: HostState;
  readonly result: CompileResult;
}

const finish = (state: EngineState, live: Live, { host, result }: Answer): void => {
  const { hostId } = host.session;
  live.compiling = null;
  live.compileLog = logOf(result).slice(0, COMPILE_LOG_CHARS_MAX);
  if (result.status === 'compiled') live.resources = launchedOnly(live, result.resources);
  if (result.status === 'infra') state.metrics.onInfra(result.failure.code);
  state.apply({ type: 'compiled', id: live.id, hostId, result });
};

const count = (state: EngineState, host: HostState, result: CompileResult): void => {
  state.metrics.onCompiled(host.session.hostId, result);
  host.compileCounts.onCompiled(result);
};

/** A source may instantiate thousands of kernels; those that the plan launches decide. */
const launchedOnly = (live: Live, resources: KernelResources): KernelResources | null => {
  const plans = [...live.resolved.values()].flatMap((resolved) => Object.values(resolved.plans));
  const launched = new Set(plans.flatMap(({ launches }) => launches.map(({ kernel }) => kernel)));
  const told = Object.entries(resources).filter(([kernel]) => launched.has(kernel));
  return told.length === 0 ? null : Object.fromEntries(told);
};

const logOf = (result: CompileResult): string => {
  switch (result.status) {
    case 'compiled':
      return result.log;
    case 'failed':
      return result.outcome.verdict === 'compile_error' ? result.outcome.log : '';
    case 'infra':
      return '';
  }
};
