/**
 * Follows verdicts that are taken back, for all campaigns: open ones forget them, ended ones are opened until the last verdict is there again.
 *
 * Modes: idle; working (what is taken back meanwhile is next).
 * Invariant: a verdict that a run is about to write is written before it is withdrawn, so that the row says what the account counted.
 */
import type { Generation } from '../../../domain/campaign/campaign.ts';
import type { CampaignId, CandidateId } from '../../../domain/ids.ts';
import type { CampaignStore } from '../../../domain/ports/store.ts';
import { retryWhileUnavailable } from '../state/retry-while-unavailable.ts';
import type { RetryOptions } from '../state/retry-while-unavailable.ts';
import { withdraw } from '../outcomes/withdraw-verdicts.ts';
import type { Run } from '../state/campaign-run.ts';
import type { Lifecycle } from './lifecycle.ts';
import { learnDisplaced } from './replay.ts';
import type { RunDeps } from './run-deps.ts';

export interface Withdrawals {
  /** Soon: what is taken back together is looked at together. */
  onTakenBack(ids: readonly CandidateId[]): void;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

export interface WithdrawalsDeps {
  readonly deps: RunDeps;
  readonly store: Pick<CampaignStore, 'campaigns' | 'generations' | 'withdrawVerdicts'>;
  readonly lifecycle: Pick<Lifecycle, 'runs' | 'opened' | 'reopen'>;
  /** Its rows changed: what is known of it is out of date. */
  readonly onChanged: (id: CampaignId) => void;
  /** The daemon stops: rows are withdrawn at its next start. */
  readonly closed: AbortSignal;
}

export const createWithdrawals = (given: WithdrawalsDeps): Withdrawals => {
  const waiting = new Set<CandidateId>();
  let working: Promise<void> | null = null;

  const onFailure = (error: unknown, candidateIds: readonly CandidateId[]): void => {
    if (given.closed.aborted) return;
    given.deps.log.error({ err: error, candidateIds }, 'verdicts that were taken back could not be withdrawn');
  };

  const work = async (): Promise<void> => {
    while (waiting.size > 0 && !given.closed.aborted) {
      const ids = [...waiting];
      waiting.clear();
      try {
        await withdrawAll(given, ids);
      } catch (error) {
        onFailure(error, ids);
      }
    }
    working = null;
  };

  return {
    onTakenBack: (ids) => {
      for (const id of ids) waiting.add(id);
      if (waiting.size > 0) working ??= work();
    },
    idle: async () => void (await working),
  };
};

const withdrawAll = async (given: WithdrawalsDeps, ids: readonly CandidateId[]): Promise<void> => {
  const { store, lifecycle, deps, onChanged, closed } = given;
  const retry: RetryOptions = {
    signal: closed,
    onTrouble: (trouble) => trouble !== null && deps.log.warn({ trouble }, 'verdicts that were taken back wait to be withdrawn'),
  };
  await lifecycle.opened();
  await Promise.all([...lifecycle.runs.values()].flatMap(({ keeping }) => ids.flatMap((id) => keeping.get(id) ?? [])));
  const withdrawn = await retryWhileUnavailable(async () => store.withdrawVerdicts(ids), retry);
  deps.contexts.forget(ids);
  for (const [id, judged] of Map.groupBy(withdrawn, ({ campaignId }) => campaignId)) {
    const run = lifecycle.runs.get(id);
    if (run) await withdrawFrom(run, given, judged);
    else await openAgain(id, given, retry);
    // Only now: whoever looked before it was open may have kept what the rows said then.
    onChanged(id);
  }
  // Judged again before it was withdrawn: that verdict was passed on already.
  await retryWhileUnavailable(async () => deps.verdicts.recheck(ids), retry);
};

/** Nobody is asked while what the candidates had displaced is read back: an archive that is empty only now must not end the campaign. */
const withdrawFrom = async (run: Run, { deps, store }: WithdrawalsDeps, judged: readonly Generation[]): Promise<void> => {
  const wasOpen = run.isOpen;
  run.isOpen = false;
  withdraw(run, deps, judged);
  try {
    await learnDisplaced(run, deps.judging, store);
  } finally {
    run.isOpen = wasOpen;
    deps.wake();
  }
};

/** One that ended: it is dropped again when its last verdict is there. */
const openAgain = async (id: CampaignId, { store, lifecycle }: WithdrawalsDeps, retry: RetryOptions): Promise<void> => {
  const campaign = (await retryWhileUnavailable(async () => store.campaigns(), retry)).find((one) => one.id === id);
  if (campaign) await lifecycle.reopen(campaign);
};
