/**
 * Runs the canaries of a compile host: each is compiled there under a name that no cache knows, brought to a host that it compiles for, and judged by a
 * device there. One that does not pass is tried again with the judging host's own compiler on the same device: where that passes, the compile
 * host computes wrongly; where it fails too, the device is to be looked at, and nothing is known of the compile host.
 */
import type { Outcome } from '../../domain/outcome.ts';
import type { JudgeResult } from '../../domain/protocol.ts';
import type { ContentHash } from '../../domain/ids.ts';
import type { ResolvedCandidate } from '../../problems/candidate-resolution.ts';
import { noteProof } from '../canaries/canaries.ts';
import {
  compileIdOf,
  failureText,
  judgeShortly,
  newCanaryAttempt,
  plausible,
  resolveCanary,
} from '../canaries/canary-attempt.ts';
import { connectedTo } from '../host-state.ts';
import type { HostState } from '../host-state.ts';
import type { CompilersSlice } from '../state.ts';
import { onCompilerChecked } from './compiler-quarantine.ts';
import type { Check, CompilerRun } from './host-compiler.ts';
import { transferArtifact } from './transfers.ts';

export const startCompilerRun = (state: CompilersSlice, host: HostState, [check, ...left]: readonly Check[]): void => {
  if (!check) return;
  const run: CompilerRun = { askedAtMs: state.now(), left, serviceMs: 0, current: attemptOf(check) };
  host.compiler.run = run;
  compile(state, host, run);
};

/** What it had to answer is never answered. Before the scheduler hears of it. */
export const dropCompilerRuns = (state: CompilersSlice, gone: HostState): void => {
  for (const host of state.hosts.values()) {
    const { run } = host.compiler;
    if (run && (host === gone || run.current.check.judging === gone)) inconclusive(state, host, 'a host that it needs was lost');
  }
};

const attemptOf = (check: Check, failure: string | null = null): CompilerRun['current'] => ({
  check,
  attemptId: newCanaryAttempt(),
  failure,
});

const compile = (state: CompilersSlice, host: HostState, run: CompilerRun): void => {
  const { check, attemptId, failure } = run.current;
  const by = failure === null ? host : check.judging;
  const connection = connectedTo(by);
  const resolved = resolveCanary(check.canary, { device: check.device, mark: attemptId });
  if (!connection || 'verdict' in resolved) return inconclusive(state, host, 'it could not be compiled');
  const compileId = compileIdOf(attemptId);
  connection.compileAnswers.set(compileId, (result) => {
    connection.compileAnswers.delete(compileId);
    if (!isAtHand(host, run, attemptId)) return;
    if (result.status === 'infra') return inconclusive(state, host, `${result.failure.code}: ${result.failure.message}`);
    if (result.status === 'failed') return decide(state, host, { run, outcome: result.outcome });
    const built = { run, resolved, artifact: result.artifact };
    if (by === host) bring(state, host, built);
    else judge(state, host, built);
  });
  by.session.compile(compileId, resolved.unit, state.rules.compileLimitMs);
};

interface Built {
  readonly run: CompilerRun;
  readonly resolved: ResolvedCandidate;
  readonly artifact: ContentHash;
}

const bring = (state: CompilersSlice, host: HostState, built: Built): void => {
  const { check, attemptId } = built.run.current;
  transferArtifact(state, {
    artifact: built.artifact,
    from: host,
    to: check.judging,
    arrived: (failed) => {
      if (!isAtHand(host, built.run, attemptId)) return;
      if (failed === null) judge(state, host, built);
      else inconclusive(state, host, `its artifact could not be transferred (${failed})`);
    },
  });
};

const judge = (state: CompilersSlice, host: HostState, { run, resolved, artifact }: Built): void => {
  const { check, attemptId } = run.current;
  const { judging, device, canary } = check;
  const connection = connectedTo(judging);
  if (!connection) return inconclusive(state, host, 'its device is gone');
  connection.judgeAnswers.set(attemptId, (result) => {
    connection.judgeAnswers.delete(attemptId);
    judging.session.ack([attemptId]);
    if (isAtHand(host, run, attemptId)) onJudged(state, host, { run, result });
  });
  const { plans } = resolved;
  judgeShortly(state, { host: judging, connection, device, loaded: canary.loaded, attemptId, plans, artifact });
};

const onJudged = (
  state: CompilersSlice,
  host: HostState,
  { run, result }: { readonly run: CompilerRun; readonly result: JudgeResult },
): void => {
  run.serviceMs += result.phases.totalMs;
  const { outcome, infra } = result;
  if (!outcome || outcome.verdict === 'cancelled') {
    // It is defined again with the next one.
    connectedTo(run.current.check.judging)?.defined.clear();
    return inconclusive(state, host, infra ? `${infra.code}: ${infra.message}` : 'it was cancelled');
  }
  decide(state, host, { run, outcome: plausible(run.current.check, outcome) });
};

const decide = (
  state: CompilersSlice,
  host: HostState,
  { run, outcome }: { readonly run: CompilerRun; readonly outcome: Outcome },
): void => {
  const { check, failure } = run.current;
  const isRight = outcome.verdict === 'passed';
  if (isRight) noteProof(state, check.device, check.canary.loaded.problem.name);
  if (failure !== null) return isRight ? fail(state, host, run, failure) : blameDevice(state, host, check);
  const next = isRight ? run.left.shift() : null;
  if (next === undefined) return end(state, host, { run, result: 'passed' });
  run.current = next ? attemptOf(next) : attemptOf(check, failureText(check.canary, outcome));
  compile(state, host, run);
};

const fail = (state: CompilersSlice, host: HostState, run: CompilerRun, failure: string): void => {
  const { canary, judging } = run.current.check;
  host.compiler.failed = canary;
  const reason = `${failure}; compiled by ${judging.session.hostId} itself it passed on the same device`;
  end(state, host, { run, result: 'failed', reason });
};

const blameDevice = (state: CompilersSlice, host: HostState, { judging, device }: Check): void => {
  inconclusive(state, host, `it fails on ${device.id} of ${judging.session.hostId} whoever compiles it`);
  state.apply({ type: 'canary-wanted', hostId: judging.session.hostId, deviceId: device.id });
};

const inconclusive = (state: CompilersSlice, host: HostState, why: string): void => {
  const { run } = host.compiler;
  if (!run) return;
  state.log.warn({ hostId: host.session.hostId }, `canary of a compile host not judged: ${why}`);
  end(state, host, { run, result: 'inconclusive' });
};

const isAtHand = ({ compiler }: HostState, run: CompilerRun, attemptId: string): boolean =>
  compiler.run === run && run.current.attemptId === attemptId;

interface Ended {
  readonly run: CompilerRun;
  readonly result: 'passed' | 'failed' | 'inconclusive';
  readonly reason?: string;
}

const end = (state: CompilersSlice, host: HostState, { run, result, reason = '' }: Ended): void => {
  host.compiler.run = null;
  onCompilerChecked(state, host, { result, reason, askedAtMs: run.askedAtMs, serviceMs: run.serviceMs });
};
