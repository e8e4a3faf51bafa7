/** Sets a campaign going: a new one with its starting points, one that a restart found with what its rows say. */
import type { CampaignStore } from '../../../domain/ports/store.ts';
import { retryOf, targetOf } from '../state/campaign-run.ts';
import type { Run } from '../state/campaign-run.ts';
import { retryWhileUnavailable } from '../state/retry-while-unavailable.ts';
import { countRows, rebuildArchives, resumeOpen } from './replay.ts';
import { startingPoints } from '../asking/starting-points.ts';
import { submitAnswer } from '../asking/submit.ts';
import type { RunDeps } from './run-deps.ts';

/** Starting points on their way to the engine at once. */
const SUBMITTED_AT_ONCE = 32;

/** Nobody is asked before it resolves. Never rejects: what goes wrong is in the view, and tried again after a pause. */
export const openRun = async (run: Run, deps: RunDeps, store: Pick<CampaignStore, 'generations' | 'recalled'>): Promise<void> => {
  for (const { device } of run.targets) deps.classes.open(device);
  try {
    const { ended, open } = await retryWhileUnavailable(async () => countRows(run, store), retryOf(run));
    run.isCounted = true;
    const recalled = await retryWhileUnavailable(async () => store.recalled(run.campaign.id), retryOf(run));
    for (const target of run.targets)
      target.recalled = recalled.find(({ problem, device }) => problem === target.problem && device === target.device) ?? null;
    run.trouble = 'what was found before the restart is read back';
    if (run.next === 1 && run.campaign.status !== 'stopped') await beginNew(run, deps);
    await rebuildArchives(run, deps.judging, ended);
    await resumeOpen(run, deps, open);
    if (open.length > 0) await retryWhileUnavailable(async () => deps.verdicts.recheck(), retryOf(run));
    [run.trouble, run.isOpen] = [null, true];
  } catch (error) {
    if (run.closed.signal.aborted) return;
    deps.log.error({ err: error, campaignId: run.campaign.id }, 'a campaign could not be opened');
    run.trouble = `it could not be opened (${error instanceof Error ? error.message : String(error)}); restart the daemon to try again`;
  }
  deps.wake();
};

const beginNew = async (run: Run, deps: RunDeps): Promise<void> => {
  const at = new Date(deps.now()).toISOString();
  const found = await retryWhileUnavailable(async () => startingPoints(run, deps.judging, at), retryOf(run));
  const starts = found.slice(0, run.campaign.spec.budget.candidates);
  run.starts = starts.length;
  run.trouble = null;
  for (const generation of starts) {
    run.account.move(null, generation);
    const target = targetOf(run, generation);
    if (target) target.startsLeft += 1;
  }
  if (starts.length > 0) await deps.writer.add(starts, retryOf(run));
  for (let from = 0; from < starts.length; from += SUBMITTED_AT_ONCE) {
    const batch = starts.slice(from, from + SUBMITTED_AT_ONCE).map(async (generation) => {
      const { state } = generation;
      if (state.status === 'answered') await submitAnswer(run, deps, { generation, draft: state.draft, again: false });
    });
    await Promise.all(batch);
  }
};
