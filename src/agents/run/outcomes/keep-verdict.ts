/** From a verdict back to the archive, and to the agent that wrote the candidate. */
import type { Generation } from '../../../domain/campaign/campaign.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import type { Candidate } from '../../../domain/candidate.ts';
import { comparedScore } from '../../../domain/ranking/compared-score.ts';
import { advance, leaveStart } from './advance.ts';
import { type AwaitingRun, type Pending, retryOf, targetOf } from '../state/campaign-run.ts';
import { type Judged, type Seen, archiveEntry, judgedState, pastAttempt } from './judged.ts';
import { retryWhileUnavailable } from '../state/retry-while-unavailable.ts';
import type { OutcomeDeps } from './outcome-deps.ts';

export const expectVerdict = (run: AwaitingRun, deps: OutcomeDeps, id: CandidateId): void =>
  deps.verdicts.expect(id, ({ isRecord }) => void keepVerdict(run, deps, { id, isRecord }));

interface Verdict {
  readonly id: CandidateId;
  readonly isRecord: boolean;
}

/** Idempotent: the first call for a candidate keeps its verdict. `run.keeping` knows of it until its rows are written. */
export const keepVerdict = async (run: AwaitingRun, deps: OutcomeDeps, verdict: Verdict): Promise<void> => {
  const { id } = verdict;
  const pending = run.pending.get(id);
  if (!pending || pending.generations.some(({ state }) => state.status !== 'submitted')) return;
  const kept = Promise.all([run.keeping.get(id), keepPending(run, deps, { ...verdict, pending })]);
  run.keeping.set(id, kept);
  await kept;
  if (run.keeping.get(id) === kept) run.keeping.delete(id);
};

interface KeepingVerdict extends Verdict {
  readonly pending: Pending;
}

const keepPending = async (run: AwaitingRun, deps: OutcomeDeps, keeping: KeepingVerdict): Promise<void> => {
  const { id, pending } = keeping;
  try {
    await readVerdict(run, deps, keeping);
  } catch (error) {
    if (!run.closed.signal.aborted)
      deps.log.error({ err: error, candidateId: id }, 'a verdict could not be kept; it is asked for again');
  }
  // Taken back before it was read, or not kept.
  if (run.pending.get(id) === pending) expectVerdict(run, deps, id);
  deps.wake();
};

const readVerdict = async (run: AwaitingRun, deps: OutcomeDeps, { pending, id, isRecord }: KeepingVerdict): Promise<void> => {
  const candidate = await retryWhileUnavailable(async () => deps.judging.candidate(id), retryOf(run));
  const source = pending.source ?? (await retryWhileUnavailable(async () => deps.judging.source(id), retryOf(run))).source;
  if (candidate.state.status !== 'done' || run.pending.get(id) !== pending) return;
  run.pending.delete(id);
  const kept = pending.generations.map((generation) =>
    keepJudged(run, deps, { seen: { generation, source, candidate }, isRecord }),
  );
  await Promise.all(kept);
};

interface Keeping {
  readonly seen: Seen & { readonly candidate: Candidate };
  readonly isRecord: boolean;
}

const keepJudged = async (run: AwaitingRun, deps: OutcomeDeps, { seen, isRecord }: Keeping): Promise<void> => {
  const { generation, candidate } = seen;
  const isFirst = generation.state.status === 'submitted' && generation.state.isFirst;
  const judged = judgedState(candidate, { isFirst, isRecord });
  if (!judged) return;
  const state = { ...judged, ...gainOf(run, { seen, isRecord }) };
  // A program has no plan to profile: what it launches is recorded.
  if (candidate.submission.language !== 'python') wishProfile(run, deps, { generation, state });
  learn(run, seen);
  if (isFirst) deps.classes.onJudged(generation.device, state.deviceMs);
  await advance(run, deps, { generation, state });
};

/** Starting points are what is to be gained on. */
const gainOf = (run: AwaitingRun, { seen: { generation, candidate }, isRecord }: Keeping): { readonly gain?: number } => {
  const front = targetOf(run, generation)?.front;
  const measured = { candidateId: candidate.id, score: comparedScore(candidate.score), isRecord };
  if (generation.move === 'seed') front?.restore(measured);
  const gain = generation.move === 'seed' ? null : (front?.judge(measured) ?? null);
  return gain === null ? {} : { gain };
};

/** Of a new best, where somebody who is asked makes use of it. The account does not know of the candidate yet. */
const wishProfile = (
  { account, campaign }: AwaitingRun,
  { generators, profiles }: OutcomeDeps,
  { generation, state }: { readonly generation: Generation; readonly state: Judged },
): void => {
  const { problem, device } = generation;
  if (state.speedup === null || state.stoppedEarly || state.speedup <= (account.best(generation)?.speedup ?? 0)) return;
  if (!campaign.spec.generators.some(({ name }) => generators.byName.get(name)?.readsProfiles)) return;
  profiles.onBest({ of: `${campaign.id} ${problem} ${device}`, device, candidateId: state.candidateId });
};

/** The archive hears of it, and so does the agent that wrote it. */
export const learn = (run: AwaitingRun, seen: Seen): void => {
  const { generation, candidate } = seen;
  addToArchive(run, seen);
  leaveStart(run, generation);
  const agent = generation.move === 'seed' || generation.move === 'tune' ? undefined : run.roster.agents[generation.agent];
  agent?.remember({ candidateId: candidate.id, attempt: pastAttempt(generation, candidate) });
  agent?.conversation.onVerdict({ ...archiveEntry(seen, 'unknown'), speedup: comparedScore(candidate.score)?.rankKey ?? null });
};

export const addToArchive = (run: AwaitingRun, seen: Seen): void => {
  const target = targetOf(run, seen.generation);
  if (!target) return;
  const entry = archiveEntry(seen, target.bound);
  target.archive.add(entry);
  target.params?.add(entry);
  const model = seen.candidate.score?.deviceModel;
  if (model !== undefined) target.models.set(model, (target.models.get(model) ?? 0) + 1);
};
