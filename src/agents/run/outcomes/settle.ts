/** From a verdict back to the archive, and to the agent that wrote the candidate. */
import type { Generation } from '../../../domain/campaign/campaign.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import { advance, leaveStart } from './advance.ts';
import { patienceOf, targetOf } from '../lifecycle/campaign-run.ts';
import type { Pending, Run, RunDeps } from '../lifecycle/campaign-run.ts';
import { archiveEntry, judgedState, pastAttempt } from './judged.ts';
import type { Judged, Seen } from './judged.ts';
import { patiently } from '../asking/retry-while-unavailable.ts';
import { ATTEMPTS_MAX } from '../lifecycle/roster.ts';

export const expectVerdict = (run: Run, deps: RunDeps, id: CandidateId): void =>
  deps.verdicts.expect(id, ({ isRecord }) => void settle(run, deps, { id, isRecord }));

/** Idempotent: the first call for a candidate settles it. */
export const settle = async (
  run: Run,
  deps: RunDeps,
  { id, isRecord }: { readonly id: CandidateId; readonly isRecord: boolean },
): Promise<void> => {
  const pending = run.pending.get(id);
  if (!pending || pending.generation.state.status !== 'submitted') return;
  try {
    await keepVerdict(run, deps, { pending, id, isRecord });
  } catch (error) {
    if (!run.closed.signal.aborted)
      deps.log.error({ err: error, candidateId: id }, 'a verdict could not be kept; it is asked for again');
    if (run.pending.has(id)) expectVerdict(run, deps, id);
  }
  deps.poke();
};

interface Verdict {
  readonly pending: Pending;
  readonly id: CandidateId;
  readonly isRecord: boolean;
}

const keepVerdict = async (run: Run, deps: RunDeps, { pending, id, isRecord }: Verdict): Promise<void> => {
  const { generation } = pending;
  const isFirst = generation.state.status === 'submitted' && generation.state.isFirst;
  const record = await patiently(async () => deps.judging.candidate(id), patienceOf(run));
  const source = pending.source ?? (await patiently(async () => deps.judging.source(id), patienceOf(run))).source;
  const state = judgedState(record, { isFirst, isRecord });
  if (!state || run.pending.get(id) !== pending) return;
  run.pending.delete(id);
  wishProfile(run, deps, { generation, state });
  learn(run, { generation, source, record });
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
  const target = targetOf(run, generation);
  target?.archive.add(archiveEntry(seen, target.bound));
  leaveStart(run, generation);
  const agent = generation.move === 'seed' ? undefined : run.roster.agents[generation.agent];
  if (agent) agent.attempts = [...agent.attempts, pastAttempt(generation, record)].slice(-ATTEMPTS_MAX);
};
