/** Has candidates compiled, as the scheduler asks, and takes the answers of compilers. The way in between: compile-steps.ts. */
import { CandidateId } from '../../domain/ids.ts';
import type { CompileResult, FromRunner } from '../../domain/protocol.ts';
import type { Effect } from '../../scheduler/effects.ts';
import { jobOf } from '../active-candidates.ts';
import type { ActiveCandidate, CompileJob } from '../active-candidates.ts';
import { connectedTo } from '../host-state.ts';
import type { HostState } from '../host-state.ts';
import type { CompilingSlice } from '../state.ts';
import { jobFor } from './compile-job.ts';
import { beginJob, endStep, onCompiledElsewhere, SEPARATOR, withdraw } from './compile-steps.ts';
import { noteMade } from './compiler-trust.ts';
import type { Refusal } from './host-compiler.ts';
import { remember } from './known-compiles.ts';

type Of<T extends Effect['type']> = Extract<Effect, { type: T }>;
type Compiled = Extract<FromRunner, { type: 'compiled' }>;

export const askCompile = (state: CompilingSlice, { id, hostId, deviceModel }: Of<'compile'>): void => {
  const candidate = state.active.get(id);
  const host = state.hosts.get(hostId);
  const device = host?.devices.find(({ model }) => model === deviceModel);
  if (!candidate || !host || !device) return;
  const job = jobFor(state, candidate, { host, device });
  if ('verdict' in job) state.apply({ type: 'compiled', id, hostId, result: { status: 'failed', outcome: job } });
  else beginJob(state, candidate, job);
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
  if (job.hostId === host.session.hostId) endStep(state, candidate, { host, result });
  else onCompiledElsewhere(state, candidate, { job, at: host, result });
};

const refusedAt = ({ submission: { content } }: ActiveCandidate, { hostId }: CompileJob): Refusal => ({
  problem: content.problem,
  language: content.language,
  hostId,
  deviceId: null,
});

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
  state.metrics.onHostInfra(host.session.hostId, 'compiling');
  host.failures.note({ stage: 'compiling', candidateId, deviceId: null, reason: `${code}: ${message}` }, state.now());
};
