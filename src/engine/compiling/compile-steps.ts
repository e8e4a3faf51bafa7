/**
 * The way of one job to the artifact at its host: known there; made by a compile host and transferred; or compiled by whoever has room. What fails on the
 * way is tried elsewhere, at last at the own host.
 */
import { jobOf, setJob } from '../active-candidates.ts';
import type { ActiveCandidate, CompileJob } from '../active-candidates.ts';
import type { CompileResult } from '../../domain/protocol.ts';
import { goOnByAnswers, isToConfirm, refusedRecording } from '../by-answers.ts';
import { connectedTo } from '../host-state.ts';
import type { HostState } from '../host-state.ts';
import type { CompilingSlice } from '../state.ts';
import { askHost } from './ask-host.ts';
import { type Answer, finishCompile, makerOf } from './compile-end.ts';
import { chooseHost, compileHostsFor, compilerNameOf, coolDown, makeSameCode } from './compile-hosts.ts';
import { byAnswersInstead, nextStep } from './compile-job.ts';
import type { Compiled } from './known-artifacts.ts';
import { findKnown, remember } from './known-compiles.ts';
import { transferArtifact } from './transfers.ts';

/** Between the candidate and the number of its request. */
export const SEPARATOR = '@';

export const beginJob = (state: CompilingSlice, candidate: ActiveCandidate, job: CompileJob): void => {
  setJob(candidate, job);
  advance(state, candidate, job);
};

/** One step towards the artifact at its host: it is there; a compile host has it; or somebody is asked to compile it. */
export const advance = (state: CompilingSlice, candidate: ActiveCandidate, job: CompileJob): void => {
  const host = state.hosts.get(job.hostId);
  if (!host) return;
  const known = findKnown(state, host, job.unit);
  if (known) return endStep(state, candidate, { host, result: known });
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
  if (askHost(at, { compileId, unit: job.unit, limitMs: state.rules.compileLimitMs }))
    connectedTo(at)?.asked.set(compileId, job.unit);
};

/**
 * What the source does wrong is final wherever it shows; what the compile host does wrong is tried elsewhere, at last at the own host. A limit
 * that was passed is the own host's to tell: a slower machine must not make the verdict.
 */
export const onCompiledElsewhere = (
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
      if (result.outcome.verdict !== 'timed_out') return endStep(state, candidate, { host: own, result, by: at.session.hostId });
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
  { job, at, result }: At & { readonly result: Compiled },
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
      if (isUsed) return endStep(state, candidate, { host: to, result: brought });
      if (failed === 'put') job.mayTransfer = false;
      job.failedAt.add(at.session.hostId);
      advance(state, candidate, job);
    },
  });
};

/** A step has its answer: there is another one, or the job is over. */
export const endStep = (state: CompilingSlice, candidate: ActiveCandidate, answer: Answer): void => {
  const job = jobOf(candidate);
  const next = job && (nextStep(job, candidate, answer) ?? goOn(state, candidate, { job, result: answer.result }));
  if (!next) return finishCompile(state, candidate, answer);
  const by = answer.by ?? makerOf(answer.result);
  if (by) candidate.makers.add(by);
  beginJob(state, candidate, next);
};

/** A program that cannot be recorded may be right: it is judged by its answers then. */
const goOn = (
  state: CompilingSlice,
  candidate: ActiveCandidate,
  { job, result }: { readonly job: CompileJob; readonly result: CompileResult },
): CompileJob | null => {
  if (!state.rules.timeToAnswers || result.status !== 'failed' || isToConfirm(candidate)) return null;
  const refused = refusedRecording(result.outcome);
  const next = refused && byAnswersInstead(job);
  if (!next) return null;
  const { hostId } = job;
  goOnByAnswers(state, candidate, { byAnswers: refused, at: { state: { status: 'compiling', hostId }, hostId } });
  return next;
};

/** What its host was asked is not waited for any more. */
export const withdraw = (state: CompilingSlice, candidate: ActiveCandidate, { asked }: CompileJob): void => {
  setJob(candidate, null);
  if (!asked) return;
  const at = state.hosts.get(asked.hostId);
  if (at && connectedTo(at)?.asked.delete(asked.compileId)) at.session.cancelCompile(asked.compileId);
};
