/** Campaigns that are not over: opened, turned from one status to another, saved, and dropped once they are through. */
import type { Campaign, CampaignStatus } from '../../../domain/campaign/campaign.ts';
import { KilnError } from '../../../domain/errors.ts';
import type { CampaignId } from '../../../domain/ids.ts';
import type { CampaignStore } from '../../../domain/ports/store.ts';
import { outstandingOf } from '../state/account.ts';
import { createRun, retryOf, ranMsOf } from '../state/campaign-run.ts';
import type { Run } from '../state/campaign-run.ts';
import { cancelBatches } from '../state/open-batch.ts';
import { lessonsOf } from './lessons.ts';
import { openRun } from './open-run.ts';
import { retryWhileUnavailable } from '../state/retry-while-unavailable.ts';
import type { RunDeps } from './run-deps.ts';

export interface Lifecycle {
  readonly runs: ReadonlyMap<CampaignId, Run>;
  /** Throws KilnError where what it works on is not there any more. */
  open(campaign: Campaign): Run;
  /** After a start, or where verdicts of one that ended were taken back; one that is open stays as it is. What it works on may be gone since: a person must decide then, and it is paused. */
  reopen(campaign: Campaign): Promise<void>;
  turn(run: Run, status: CampaignStatus, reason: string | null): Promise<void>;
  dropThrough(): void;
  /** How long they ran. */
  save(): Promise<void>;
  /** Resolves when none is being opened any more. */
  opened(): Promise<void>;
}

export interface LifecycleDeps extends RunDeps {
  readonly store: CampaignStore;
  /** A campaign changed: this is what is kept of it now. */
  readonly onCampaign: (campaign: Campaign) => void;
}

export const createLifecycle = (deps: LifecycleDeps): Lifecycle => {
  const { store, now, monotonicMs, onCampaign } = deps;
  const runs = new Map<CampaignId, Run>();
  const opening = new Set<Promise<void>>();

  const dropIfThrough = (run: Run): void => {
    if (!isThrough(run) || !runs.delete(run.campaign.id)) return;
    // Verdicts came after the last write.
    keepLessons(run).catch((error: unknown) =>
      deps.log.warn({ err: error, campaignId: run.campaign.id }, 'what a campaign learned could not be kept'),
    );
  };

  /** How many verdicts what was kept goes by. */
  const keptAt = new Map<CampaignId, number>();
  const keepLessons = async (run: Run): Promise<void> => {
    const { id } = run.campaign;
    const { judged } = run.account.byStatus;
    if (!run.isOpen || keptAt.get(id) === judged) return;
    await store.keepLessons(id, lessonsOf(run));
    if (runs.has(id)) keptAt.set(id, judged);
    else keptAt.delete(id);
  };

  const open = (campaign: Campaign): Run => {
    const run = createRun(campaign, deps);
    run.runningSinceMs = campaign.status === 'running' ? monotonicMs() : null;
    runs.set(campaign.id, run);
    const opened = openRun(run, deps, store).finally(() => opening.delete(opened));
    opening.add(opened);
    return run;
  };

  const reopen = async (campaign: Campaign): Promise<void> => {
    if (runs.has(campaign.id)) return;
    try {
      open(campaign);
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      deps.log.error({ err: error, campaignId: campaign.id }, 'a campaign cannot go on');
      if (campaign.status !== 'running') return;
      const change = { status: 'paused' as const, reason: `it cannot go on: ${error.message}`, ranMs: campaign.ranMs };
      await store.updateCampaign(campaign.id, change);
      onCampaign({ ...campaign, ...change });
    }
  };

  /** One write after the other, each of what is so by then: a late one must not bring back what a person has ended. */
  const write = async (run: Run): Promise<void> => {
    const save = async (): Promise<void> => {
      const { id, status, reason } = run.campaign;
      await store.updateCampaign(id, { status, reason, ranMs: ranMsOf(run, monotonicMs()) });
      await keepLessons(run);
    };
    const mine = run.written.then(async () => retryWhileUnavailable(save, retryOf(run)));
    run.written = mine.catch(() => undefined);
    return mine;
  };

  return {
    runs,
    open,
    reopen,
    turn: async (run, status, reason) => {
      // In memory first: from here on nobody asks for it. Durable when it resolves.
      onCampaign(turned(run, { status, reason }, { nowMs: now(), monotonicMs: monotonicMs() }));
      if (status === 'stopped') {
        run.asked.abort();
        cancelBatches(run.batches);
      }
      await write(run);
      dropIfThrough(run);
      deps.wake();
    },
    dropThrough: () => {
      for (const run of runs.values()) dropIfThrough(run);
    },
    save: async () => {
      for (const run of runs.values()) {
        if (run.campaign.status === 'running') await write(run);
      }
    },
    opened: async () => void (await Promise.all(opening)),
  };
};

const turned = (
  run: Run,
  change: Pick<Campaign, 'status' | 'reason'>,
  { nowMs, monotonicMs }: { readonly nowMs: number; readonly monotonicMs: number },
): Campaign => {
  const ranMs = ranMsOf(run, monotonicMs);
  run.runningSinceMs = change.status === 'running' ? monotonicMs : null;
  run.campaign = { ...run.campaign, ...change, ranMs, updatedAt: new Date(nowMs).toISOString() };
  return run.campaign;
};

const isThrough = ({ campaign, thinking, account, isOpen }: Run): boolean => {
  const isOver = campaign.status === 'finished' || campaign.status === 'stopped';
  return isOver && thinking === 0 && outstandingOf(account) === 0 && isOpen;
};
