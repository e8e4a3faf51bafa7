/**
 * Keeps the campaigns of a daemon going: looks at the queue for them, saves how long they ran, ends them, and drops those that are through.
 *
 * Modes: created; running (after `start`); stopped (requests on their way are cut off, their rows say so; the rest goes on at the next start).
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { AgentsSettings } from '../../../domain/campaign/generator-settings.ts';
import type { Campaign, CampaignStatus } from '../../../domain/campaign/campaign.ts';
import type { CampaignId, CandidateId } from '../../../domain/ids.ts';
import type { ContextBuilder } from '../../context/build-context.ts';
import type { CampaignStore } from '../../../domain/ports/store.ts';
import type { Run } from '../state/campaign-run.ts';
import { createDeviceClasses } from '../state/device-classes.ts';
import { createLifecycle } from './lifecycle.ts';
import { learnProfile } from '../outcomes/profile-bound.ts';
import { createProfiles } from '../outcomes/profiles.ts';
import { createDispatcher } from '../asking/dispatcher.ts';
import { createRounds } from '../../../platform/rounds.ts';
import { createGenerationWriter } from '../outcomes/generation-writer.ts';
import { createWithdrawals } from './withdrawals.ts';
import { createVerdicts } from '../outcomes/verdicts.ts';
import type { RunDeps } from './run-deps.ts';

const LOOK_MS = 250;
/** What a killed daemon forgets of the time a campaign ran. */
const SAVE_MS = 10_000;
const RECHECK_MS = 30_000;
/** Cut-off requests get this long to end and to be written down. */
const STOP_MS_MAX = 5000;
const SAVE_FAILED = 'the time that campaigns ran could not be saved';

export interface SupervisorDeps
  extends Pick<RunDeps, 'judging' | 'generators' | 'log' | 'now' | 'monotonicMs' | 'clock' | 'random'> {
  readonly store: CampaignStore;
  readonly contexts: ContextBuilder;
  readonly settings: Pick<AgentsSettings, 'queueSeconds' | 'thinkingMax'>;
  /** A campaign changed: this is what is kept of it now. */
  readonly onCampaign: (campaign: Campaign) => void;
  /** Verdicts of a campaign were taken back: what was counted of it while it was over is out of date. */
  readonly onWithdrawn: (id: CampaignId) => void;
}

export interface Supervisor {
  readonly deps: RunDeps;
  runs(): readonly Run[];
  run(id: CampaignId): Run | null;
  /** Throws KilnError where what it works on is not there any more. */
  open(campaign: Campaign): Run;
  turn(run: Run, status: CampaignStatus, reason: string | null): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export const createSupervisor = (given: SupervisorDeps): Supervisor => {
  const { store, judging, settings, log, monotonicMs } = given;
  let isStopped = false;
  const onFailure = (what: string, error: unknown): void => {
    if (!isStopped) log.warn({ err: error }, what);
  };
  const onProfiled = (id: CandidateId): void => {
    const learned = async (): Promise<void> => learnProfile(archivesOf(runs()), await judging.profile(id));
    void learned().catch((error: unknown) => onFailure('a profile could not be read', error));
  };
  const classes = createDeviceClasses(settings.queueSeconds);
  const onTakenBack = (ids: readonly CandidateId[]): void => withdrawals.onTakenBack(ids);
  const following = { onDone: (device: string) => classes.onDone(device), onProfiled, onTakenBack };
  const verdicts = createVerdicts({ judging, log, isWanted: () => lifecycle.runs.size > 0, ...following });
  const profiles = createProfiles({ judging, slots: (device) => classes.slots(device), log, now: monotonicMs });
  const deps: RunDeps = {
    ...given,
    writer: createGenerationWriter(store),
    verdicts,
    classes,
    profiles,
    wake: () => dispatcher.wake(),
    track: (thought) => dispatcher.track(thought),
  };
  const lifecycle = createLifecycle({ ...deps, store, onCampaign: given.onCampaign });
  const closed = new AbortController();
  const withdrawals = createWithdrawals({ deps, store, lifecycle, onChanged: given.onWithdrawn, closed: closed.signal });
  const runs = (): readonly Run[] => [...lifecycle.runs.values()];
  const dispatcher = createDispatcher({
    ...deps,
    runs,
    thinkingMax: settings.thinkingMax,
    onOver: (run, reason) =>
      void lifecycle.turn(run, 'finished', reason).catch((error: unknown) => onFailure('a campaign could not be ended', error)),
  });
  const rounds = createRounds(onFailure);

  const look = async (): Promise<void> => {
    lifecycle.dropThrough();
    if (lifecycle.runs.size === 0) return;
    const begun = classes.mark();
    classes.look(await judging.queue(), begun);
    profiles.look();
    dispatcher.wake();
  };

  const start = async (): Promise<void> => {
    await verdicts.start();
    // Taken back while no daemon followed; from here on the journal tells.
    await store.withdrawVerdicts(await store.outdatedVerdicts());
    const unfinished = new Set(await store.unfinishedCampaigns());
    for (const campaign of (await store.campaigns()).toReversed()) {
      given.onCampaign(campaign);
      const goesOn = campaign.status === 'running' || campaign.status === 'paused';
      if (goesOn || unfinished.has(campaign.id)) await lifecycle.reopen(campaign);
    }
    rounds.every(LOOK_MS, look, 'the queue could not be looked at');
    rounds.every(SAVE_MS, async () => lifecycle.save(), SAVE_FAILED);
    rounds.every(RECHECK_MS, async () => verdicts.recheck(), 'verdicts could not be looked for');
  };

  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    rounds.stop();
    dispatcher.stop();
    for (const run of runs()) cutOff(run);
    await within(STOP_MS_MAX, dispatcher.idle());
    for (const end of [...runs().map((run) => run.closed), closed]) end.abort();
    verdicts.stop();
    await lifecycle.opened();
    await withdrawals.idle();
    await lifecycle.save().catch((error: unknown) => log.warn({ err: error }, SAVE_FAILED));
  };

  return {
    deps,
    runs,
    run: (id) => lifecycle.runs.get(id) ?? null,
    open: (campaign) => lifecycle.open(campaign),
    turn: async (run, status, reason) => lifecycle.turn(run, status, reason),
    start,
    stop,
  };
};

const archivesOf = (runs: readonly Run[]) => runs.flatMap(({ targets }) => targets.map(({ archive }) => archive));

/** Batches go on without us: they must not take the end of requests for their own. */
const cutOff = (run: Run): void => {
  run.leaving.abort();
  run.asked.abort();
};

/** Waits no longer than `ms`. */
const within = async (ms: number, work: Promise<void>): Promise<void> => {
  const late = new AbortController();
  await Promise.race([work, wait(ms, undefined, { signal: late.signal }).catch(() => null)]);
  late.abort();
};
