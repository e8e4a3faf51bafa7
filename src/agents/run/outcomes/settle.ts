/** From a verdict back to the archive, and to the agent that wrote the candidate. */
import type { Generation } from '../../../domain/campaign/campaign.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import type { CandidateRecord } from '../../../domain/records.ts';
import { advance, leaveStart } from './advance.ts';
import { patienceOf, targetOf } from '../lifecycle/campaign-run.ts';
import type { Pending, Run, RunDeps } from '../lifecycle/campaign-run.ts';
import { archiveEntry, judgedState, pastAttempt } from './judged.ts';
import type { Judged, Seen } from './judged.ts';
import { patiently } from '../asking/retry-while-unavailable.ts';

export const expectVerdict = (run: Run, deps: RunDeps, id: CandidateId): void =>
  deps.verdicts.expect(id, ({ isRecord }) => void settle(run, deps, { id, isRecord }));

interface Verdict {
  readonly id: CandidateId;
  readonly isRecord: boolean;
}

/** Idempotent: the first call for a candidate settles it. `run.settling` knows of it until its rows are written. */
export const settle = async (run: Run, deps: RunDeps, verdict: Verdict): Promise<void> => {
  const { id } = verdict;
  const pending = run.pending.get(id);
  if (!pending || pending.generations.some(({ state }) => state.status !== 'submitted')) return;
  const settled = Promise.all([run.settling.get(id), settlePending(run, deps, { ...verdict, pending })]);
  run.settling.set(id, settled);
  await settled;
  if (run.settling.get(id) === settled) run.settling.delete(id);
};

interface Settling extends Verdict {
  readonly pending: Pending;
}

const settlePending = async (run: Run, deps: RunDeps, settling: Settling): Promise<void> => {
  const { id, pending } = settling;
  try {
    await keepVerdict(run, deps, settling);
  } catch (error) {
    if (!run.closed.signal.aborted)
      deps.log.error({ err: error, candidateId: id }, 'a verdict could not be kept; it is asked for again');
  }
  // Taken back before it was read, or not kept.
  if (run.pending.get(id) === pending) expectVerdict(run, deps, id);
  deps.poke();
};

const keepVerdict = async (run: Run, deps: RunDeps, { pending, id, isRecord }: Settling): Promise<void> => {
  const record = await patiently(async () => deps.judging.candidate(id), patienceOf(run));
  const source = pending.source ?? (await patiently(async () => deps.judging.source(id), patienceOf(run))).source;
  if (record.state.status !== 'done' || run.pending.get(id) !== pending) return;
  run.pending.delete(id);
  const kept = pending.generations.map((generation) => keepJudged(run, deps, { seen: { generation, source, record }, isRecord }));
  await Promise.all(kept);
};

interface Keeping {
  readonly seen: Seen & { readonly record: CandidateRecord };
  readonly isRecord: boolean;
}

const keepJudged = async (run: Run, deps: RunDeps, { seen, isRecord }: Keeping): Promise<void> => {
  const { generation, record } = seen;
  const isFirst = generation.state.status === 'submitted' && generation.state.isFirst;
  const state = judgedState(record, { isFirst, isRecord });
  if (!state) return;
  wishProfile(run, deps, { generation, state });
  learn(run, seen);
  if (isFirst) deps.classes.onJudged(generation.device, state.deviceMs);
  await advance(run, deps, { generation, state });
};

/** Of a new best, where somebody who is asked makes use of it. The account does not know of the candidate yet. */
const wishProfile = (
  { account, asking, record }: Run,
  { generators, profiles }: RunDeps,
  { generation, state }: { readonly generation: Generation; readonly state: Judged },
): void => {
  const { problem, device } = generation;
  if (state.speedup === null || state.speedup <= (account.best(generation)?.speedup ?? 0)) return;
  if (![...asking.keys()].some((name) => generators.byName.get(name)?.readsProfiles)) return;
  profiles.onBest({ of: `${record.id} ${problem} ${device}`, device, candidateId: state.candidateId });
};

/** The archive hears of it, and so does the agent that wrote it. */
export const learn = (run: Run, seen: Seen): void => {
  const { generation, record } = seen;
  addToArchive(run, seen);
  leaveStart(run, generation);
  const agent = generation.move === 'seed' ? undefined : run.roster.agents[generation.agent];
  agent?.remember({ candidateId: record.id, attempt: pastAttempt(generation, record) });
};

export const addToArchive = (run: Run, seen: Seen): void => {
  const target = targetOf(run, seen.generation);
  target?.archive.add(archiveEntry(seen, target.bound));
};
