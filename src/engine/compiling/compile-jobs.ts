/** Has candidates compiled: at their own host, or at a compile host whose artifact is then brought there; and takes the answers. */
import { CandidateId } from '../../domain/ids.ts';
import type { HostId } from '../../domain/ids.ts';
import type { KernelResources } from '../../domain/kernel-resources.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { CompileResult, CompileUnit, FromRunner } from '../../domain/protocol.ts';
import type { Effect } from '../../scheduler/effects.ts';
import { markedUnit } from '../canaries/marks.ts';
import { noteMade } from './compiler-trust.ts';
import type { Refusal } from './host-compiler.ts';
import { transferArtifact } from './transfers.ts';
import { chooseHost, compileHostsFor, compilerNameOf, makeSameCode, coolDown } from './compile-hosts.ts';
import { connectedTo } from '../host-state.ts';
import type { HostState } from '../host-state.ts';
import type { CompilingSlice } from '../state.ts';
import type { Compiled as KnownCompile } from './known-artifacts.ts';
import { findKnown, remember } from './known-compiles.ts';
import { resolvedFor } from '../active-candidates.ts';
import type { CompileJob, ActiveCandidate } from '../active-candidates.ts';

const COMPILE_LOG_CHARS_MAX = 64 * 1024;
const SEPARATOR = '@';

type Of<T extends Effect['type']> = Extract<Effect, { type: T }>;
type Compiled = Extract<FromRunner, { type: 'compiled' }>;

export const askCompile = (state: CompilingSlice, { id, hostId, deviceModel }: Of<'compile'>): void => {
  const candidate = state.active.get(id);
  const host = state.hosts.get(hostId);
  const device = host?.devices.find(({ model }) => model === deviceModel);
  if (!candidate || !host || !device) return;
  const unit = unitFor(candidate, host, device.architecture);
  if ('verdict' in unit) {
    state.apply({ type: 'compiled', id, hostId, result: { status: 'failed', outcome: unit } });
    return;
  }
  begin(state, candidate, { hostId, unit, asked: null, failedAt: new Set(), mayTransfer: true });
};

/** As the host is to know it, or why its plan is no plan. */
const unitFor = (candidate: ActiveCandidate, host: HostState, architecture: string): CompileUnit | Outcome => {
  const resolved = resolvedFor(candidate, architecture);
  return 'verdict' in resolved ? resolved : markedUnit(resolved.unit, host.canaries.marks.code);
};

export const cancelCompile = (state: CompilingSlice, { id, hostId }: Of<'cancel-compile'>): void => {
  const candidate = state.active.get(id);
  const job = candidate ? jobOf(candidate) : null;
  if (candidate && job?.hostId === hostId) withdraw(state, candidate, job);
};

/** One that nobody waits for any more (cancelled, moved to another host) changes nothing. */
export const onCompiled = (state: CompilingSlice, host: HostState, { compileId, result }: Compiled): void => {
  const connection = connectedTo(host);
  connection?.asked.delete(compileId);
  const id = CandidateId.safeParse(compileId.split(SEPARATOR)[0]).data;
  count(state, host, result);
  noteInfra(state, host, { candidateId: id ?? null, result });
  const answer = connection?.compileAnswers.get(compileId);
  if (answer) return answer(result);
  const candidate = id && state.active.get(id);
  const job = candidate ? jobOf(candidate) : null;
  if (!candidate || job?.asked?.compileId !== compileId || job.asked.hostId !== host.session.hostId) return;
  remember(host, job.unit, result);
  if (result.status === 'failed' && result.outcome.verdict === 'compile_error') noteMade(state, host, refusedAt(candidate, job));
  if (job.hostId === host.session.hostId) finish(state, candidate, { host, result });
  else onCompiledElsewhere(state, candidate, { job, at: host, result });
};

/** Before the scheduler hears of it. What was compiled there for other hosts is compiled elsewhere, at nobody's cost. */
export const onCompilingHostGone = (state: CompilingSlice, host: HostState): void => {
  const { hostId } = host.session;
  for (const candidate of state.active.values()) {
    const job = jobOf(candidate);
    if (job?.hostId === hostId) withdraw(state, candidate, job);
    else if (job?.asked?.hostId === hostId) advance(state, candidate, job);
  }
  host.fetches.drop('its host was lost');
  host.puts.drop('its host was lost');
};

/**
 * Another compiler makes other code: what is known to be compiled there is forgotten, and what is transferred between it and others is begun again. What
 * it compiles for itself, its runner begins again by itself.
 */
export const onCompilersChanged = (state: CompilingSlice, host: HostState): void => {
  const { hostId } = host.session;
  host.known.clear();
  connectedTo(host)?.coolDowns.clear();
  for (const candidate of state.active.values()) {
    const job = jobOf(candidate);
    if (!job || (job.hostId !== hostId && job.asked?.hostId !== hostId)) continue;
    if (job.asked && job.asked.hostId !== job.hostId) restart(state, candidate, job);
  }
  host.fetches.drop('its compiler changed');
};

/** Code for these hosts has new names, and what compiles under the old ones is not used. */
export const beginAgain = (state: CompilingSlice, hostIds: ReadonlySet<HostId>): void => {
  for (const candidate of state.active.values()) {
    const job = jobOf(candidate);
    if (!job || !(hostIds.has(job.hostId) || (job.asked && hostIds.has(job.asked.hostId)))) continue;
    const host = state.hosts.get(job.hostId);
    const unit = host && unitFor(candidate, host, job.unit.architecture);
    if (unit && !('verdict' in unit)) restart(state, candidate, { ...job, unit });
  }
};

const refusedAt = ({ submission: { content } }: ActiveCandidate, { hostId }: CompileJob): Refusal => ({
  problem: content.problem,
  language: content.language,
  hostId,
  deviceId: null,
});

const restart = (state: CompilingSlice, candidate: ActiveCandidate, job: CompileJob): void => {
  withdraw(state, candidate, job);
  begin(state, candidate, { ...job, asked: null });
};

const jobOf = ({ stage }: ActiveCandidate): CompileJob | null => (stage.name === 'compiling' ? stage.job : null);

const setJob = (candidate: ActiveCandidate, job: CompileJob | null): void => {
  candidate.stage = { name: 'compiling', sinceMs: candidate.stage.sinceMs, job };
};

const begin = (state: CompilingSlice, candidate: ActiveCandidate, job: CompileJob): void => {
  setJob(candidate, job);
  advance(state, candidate, job);
};

/** One step towards the artifact at its host: it is there; a compile host has it; or somebody is asked to compile it. */
const advance = (state: CompilingSlice, candidate: ActiveCandidate, job: CompileJob): void => {
  const host = state.hosts.get(job.hostId);
  if (!host) return;
  const known = findKnown(state, host, job.unit);
  if (known) return finish(state, candidate, { host, result: known });
  const others = compileHostsFor(state, host, job);
  const holder = others.find((other) => other.known.find(job.unit));
  const held = holder && findKnown(state, holder, job.unit);
  if (held) return bring(state, candidate, { job, at: holder, result: held });
  ask(state, candidate, { job, at: chooseHost(job.unit, host, others) });
};

interface At {
  readonly job: CompileJob;
  readonly at: HostState;
}

const ask = (state: CompilingSlice, candidate: ActiveCandidate, { job, at }: At): void => {
  // The number tells a late answer from the one that is waited for.
  candidate.compiles += 1;
  const compileId = `${candidate.id}${SEPARATOR}${candidate.compiles}`;
  job.asked = { hostId: at.session.hostId, compileId };
  if (at.session.compile(compileId, job.unit, state.rules.compileLimitMs)) connectedTo(at)?.asked.set(compileId, job.unit);
};

/**
 * What the source does wrong is final wherever it shows; what the compile host does wrong is tried elsewhere, at last at the own host. A limit
 * that was passed is the own host's to tell: a slower machine must not make the verdict.
 */
const onCompiledElsewhere = (
  state: CompilingSlice,
  candidate: ActiveCandidate,
  { job, at, result }: At & { readonly result: CompileResult },
): void => {
  const own = state.hosts.get(job.hostId);
  if (!own) return;
  switch (result.status) {
    case 'compiled':
      return bring(state, candidate, { job, at, result });
    case 'failed':
      if (result.outcome.verdict !== 'timed_out') return finish(state, candidate, { host: own, result, by: at.session.hostId });
      job.mayTransfer = false;
      return advance(state, candidate, job);
    case 'infra': {
      const { code, message } = result.failure;
      state.metrics.onInfra(code);
      state.log.warn({ hostId: at.session.hostId, code }, `compile host is not asked for a while: ${message}`);
      coolDown(state, at, job.unit);
      job.failedAt.add(at.session.hostId);
      advance(state, candidate, job);
    }
  }
};

const bring = (
  state: CompilingSlice,
  candidate: ActiveCandidate,
  { job, at, result }: At & { readonly result: KnownCompile },
): void => {
  const to = state.hosts.get(job.hostId);
  if (!to) return;
  job.asked = null;
  transferArtifact(state, {
    artifact: result.artifact,
    from: at,
    to,
    arrived: (failed) => {
      // A compiler may have been replaced while it was transferred.
      const isUsed = failed === null && at.compiler.quarantine === null && makeSameCode(at, to, compilerNameOf(job.unit));
      const brought = { ...result, madeBy: at.session.hostId };
      if (isUsed) remember(to, job.unit, brought);
      if (jobOf(candidate) !== job) return;
      if (isUsed) return finish(state, candidate, { host: to, result: brought });
      if (failed === 'put') job.mayTransfer = false;
      job.failedAt.add(at.session.hostId);
      advance(state, candidate, job);
    },
  });
};

const withdraw = (state: CompilingSlice, candidate: ActiveCandidate, { asked }: CompileJob): void => {
  setJob(candidate, null);
  if (!asked) return;
  const at = state.hosts.get(asked.hostId);
  if (at && connectedTo(at)?.asked.delete(asked.compileId)) at.session.cancelCompile(asked.compileId);
};

interface Answer {
  /** Whose devices it is for. */
  readonly host: HostState;
  readonly result: CompileResult | KnownCompile;
  /** The compile host whose answer it is; else who made what is compiled. */
  readonly by?: HostId;
}

const finish = (state: CompilingSlice, candidate: ActiveCandidate, { host, result, by = makerOf(result) }: Answer): void => {
  const { hostId } = host.session;
  setJob(candidate, null);
  if (by) candidate.makers.add(by);
  candidate.compiled = {
    log: logOf(result).slice(0, COMPILE_LOG_CHARS_MAX),
    resources: result.status === 'compiled' ? launchedOnly(candidate, result.resources) : candidate.compiled.resources,
    by: by ?? null,
  };
  if (result.status === 'infra') state.metrics.onInfra(result.failure.code);
  state.apply({ type: 'compiled', id: candidate.id, hostId, result });
};

const makerOf = (result: CompileResult | KnownCompile): HostId | undefined => ('madeBy' in result ? result.madeBy : undefined);

const count = (state: CompilingSlice, host: HostState, result: CompileResult): void => {
  state.metrics.onCompiled(host.session.hostId, result);
  host.compileCounts.onCompiled(result);
};

const noteInfra = (
  state: CompilingSlice,
  host: HostState,
  { candidateId, result }: { readonly candidateId: CandidateId | null; readonly result: CompileResult },
): void => {
  if (result.status !== 'infra') return;
  const { code, message } = result.failure;
  host.failures.note({ stage: 'compiling', candidateId, deviceId: null, reason: `${code}: ${message}` }, state.now());
};

/** A source may instantiate thousands of kernels; those that the plan launches decide. */
const launchedOnly = (candidate: ActiveCandidate, resources: KernelResources): KernelResources | null => {
  const plans = [...candidate.resolved.values()].flatMap((resolved) => Object.values(resolved.plans));
  const launched = new Set(plans.flatMap(({ launches }) => launches.map(({ kernel }) => kernel)));
  const known = Object.entries(resources).filter(([kernel]) => launched.has(kernel));
  return known.length === 0 ? null : Object.fromEntries(known);
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
