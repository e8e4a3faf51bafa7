/** Verdicts that were taken back: what a campaign learned from them is forgotten, and they are waited for again. */
import type { Generation } from '../../../domain/campaign/campaign.ts';
import { targetOf } from '../state/campaign-run.ts';
import type { AwaitingRun } from '../state/campaign-run.ts';
import { expectVerdict } from './keep-verdict.ts';
import type { OutcomeDeps } from './outcome-deps.ts';

/**
 * `judged`: all generations of the run whose verdicts were taken back, as they were counted; their rows say `submitted` already. What their
 * candidates had displaced in the archives and among the leaders is not back yet.
 */
export const withdraw = (run: AwaitingRun, deps: OutcomeDeps, judged: readonly Generation[]): void => {
  for (const before of judged) {
    const { state } = before;
    if (state.status !== 'judged') continue;
    const { candidateId, isFirst } = state;
    const generation: Generation = { ...before, state: { status: 'submitted', candidateId, isFirst } };
    run.account.move(before, generation);
    forget(run, before);
    const others = run.pending.get(candidateId)?.generations ?? [];
    run.pending.set(candidateId, { generations: [...others, generation], source: null });
    if (others.length === 0) expectVerdict(run, deps, candidateId);
  }
};

const forget = (run: AwaitingRun, { state, move, problem, device }: Generation): void => {
  if (state.status !== 'judged') return;
  const target = targetOf(run, { problem, device });
  target?.archive.forget(state.candidateId);
  target?.params?.forget(state.candidateId);
  target?.front.forget(state.candidateId);
  target?.proposals.forget(state.candidateId);
  if (target && move === 'seed') target.startsLeft += 1;
  for (const agent of run.roster.agents) agent.forget(state.candidateId);
};
