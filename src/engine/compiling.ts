/** Asks hosts to compile, and takes their answers. What a host is known to hold compiled is answered here, without a round trip. */
import { CandidateId } from '../domain/ids.ts';
import type { ContentHash } from '../domain/ids.ts';
import type { KernelResources } from '../domain/kernel-resources.ts';
import type { CompileResult, CompileUnit, FromRunner, InfraFailure } from '../domain/protocol.ts';
import type { Effect } from '../scheduler/effects.ts';
import type { EngineState, HostState } from './engine-state.ts';
import type { Compiled as KnownCompile } from './known-artifacts.ts';
import { resolvedFor } from './live-candidates.ts';
import type { Live } from './live-candidates.ts';

const COMPILE_LOG_CHARS_MAX = 64 * 1024;
const SEPARATOR = '@';
/** The runner throws the task's artifacts away with these, since one of them may be what was damaged. */
const ARTIFACT_FAILURES: ReadonlySet<InfraFailure['code']> = new Set(['unknown_artifact', 'reference_failed', 'baseline_failed']);

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
  const known = findKnown(state, host, resolved.unit);
  if (known) return use(state, { live, host, result: known });
  // The number tells a late answer from the one that is waited for.
  live.compiles += 1;
  const compileId = `${id}${SEPARATOR}${live.compiles}`;
  live.compiling = { hostId, compileId, unit: resolved.unit };
  host.session.compile(compileId, resolved.unit, state.rules.compileLimitMs);
};

export const cancelCompile = (state: EngineState, { id, hostId }: Of<'cancel-compile'>): void => {
  const live = state.lives.get(id);
  if (live?.compiling?.hostId !== hostId) return;
  state.hosts.get(hostId)?.session.cancelCompile(live.compiling.compileId);
  live.compiling = null;
};

/** One that nobody waits for any more (cancelled, moved to another host) changes nothing. */
export const onCompiled = (state: EngineState, host: HostState, { compileId, result }: Compiled): void => {
  const forRecord = host.recordCompiles.get(compileId);
  if (forRecord) {
    count(state, host, result);
    return forRecord(result);
  }
  const id = CandidateId.safeParse(compileId.split(SEPARATOR)[0]).data;
  const live = id && state.lives.get(id);
  const asked = live?.compiling;
  count(state, host, result);
  if (!live || asked?.compileId !== compileId || asked.hostId !== host.session.hostId) return;
  live.compiling = null;
  remember(host, asked.unit, result);
  use(state, { live, host, result });
};

/** What the host would answer; null when it must be asked. */
export const findKnown = (state: EngineState, host: HostState, unit: CompileUnit): KnownCompile | null => {
  const known = host.known.find(unit);
  if (!known) return null;
  state.metrics.onKnown(host.session.hostId);
  host.compileCounts.onCompiled(known);
  return known;
};

export const remember = (host: HostState, unit: CompileUnit, result: CompileResult): void => {
  if (result.status === 'compiled') host.known.add(unit, result);
};

/** A judge failed for want of one of these, perhaps: they are asked for again before another attempt. */
export const forgetArtifacts = (
  host: HostState,
  failure: InfraFailure | null,
  artifacts: readonly (ContentHash | undefined)[],
): void => {
  if (!failure || !ARTIFACT_FAILURES.has(failure.code)) return;
  for (const artifact of artifacts) if (artifact !== undefined) host.known.forget(artifact);
};

interface Answer {
  readonly live: Live;
  readonly host: HostState;
  readonly result: CompileResult;
}

const use = (state: EngineState, { live, host, result }: Answer): void => {
  const { hostId } = host.session;
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
