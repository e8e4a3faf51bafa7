/** What hosts are known to hold compiled: answered here, without a round trip, and forgotten when a judge could not use it. */
import type { ContentHash } from '../../domain/ids.ts';
import type { InfraFailure } from '../../domain/infra-failure.ts';
import type { CompileResult } from '../../domain/protocol.ts';
import type { HostState } from '../host-state.ts';
import type { CompilingSlice } from '../state.ts';
import type { Compiled, HostUnit } from './known-artifacts.ts';

/** The runner throws the task's artifacts away with these, since one of them may be what was damaged. */
const ARTIFACT_FAILURES: ReadonlySet<InfraFailure['code']> = new Set(['unknown_artifact', 'reference_failed', 'baseline_failed']);

/** What the host would answer; null when it must be asked. */
export const findKnown = (state: CompilingSlice, host: HostState, unit: HostUnit): Compiled | null => {
  const known = host.known.find(unit);
  if (!known) return null;
  state.metrics.onKnown(host.session.hostId);
  host.compileCounts.onCompiled(known);
  return known;
};

export const remember = (host: HostState, unit: HostUnit, result: CompileResult): void => {
  if (result.status === 'compiled') host.known.add(unit, result);
};

interface Suspected {
  readonly failure: InfraFailure | null;
  readonly artifacts: readonly (ContentHash | undefined)[];
}

/** A judge failed for want of one of these, perhaps: they are asked for again before another attempt, and brought from nowhere. */
export const forgetArtifacts = (state: CompilingSlice, host: HostState, { failure, artifacts }: Suspected): void => {
  if (!failure || !ARTIFACT_FAILURES.has(failure.code)) return;
  for (const artifact of artifacts) {
    if (artifact === undefined) continue;
    for (const holder of [host, ...state.compileHosts]) holder.known.forget(artifact);
    state.bundles.forget(artifact);
  }
};
