/**
 * Keeps the campaigns of a daemon going: looks at the queue for them, saves how long they ran, ends them, and drops those that are through.
 *
 * Modes: created; running (after `start`); stopped (requests on their way are cut off, their rows say so; the rest goes on at the next start).
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { AgentsSettings } from '../../domain/generator-settings.ts';
import type { CampaignRecord, CampaignStatus } from '../../domain/campaign.ts';
import { KilnError } from '../../domain/errors.ts';
import type { CampaignId } from '../../domain/ids.ts';
import type { ContextBuilder } from '../context/build-context.ts';
import type { CampaignStore } from '../ports.ts';
import { outstandingOf } from './account.ts';
import { createRun, patienceOf, ranMsOf } from './campaign-run.ts';
import type { Run, RunDeps } from './campaign-run.ts';
import { createDeviceClasses } from './device-classes.ts';
import { openRun } from './open-run.ts';
import { patiently } from './patience.ts';
import { createPump } from './pump.ts';
import { createRows } from './rows.ts';
import { createVerdicts } from './verdicts.ts';

const LOOK_MS = 250;
/** What a killed daemon forgets of the time a campaign ran. */
const SAVE_MS = 10_000;
const RECHECK_MS = 30_000;
/** Cut-off requests get this long to end and to be written down. */
const STOP_MS_MAX = 5000;

export interface SupervisorDeps extends Pick<RunDeps, 'judging' | 'generators' | 'log' | 'now' | 'random'> {
  readonly store: CampaignStore;
  readonly contexts: ContextBuilder;
  readonly settings: Pick<AgentsSettings, 'queueSeconds' | 'thinkingMax'>;
  /** The record of a campaign is another one now. */
  readonly onRecord: (record: CampaignRecord) => void;
}

export interface Supervisor {
  readonly deps: RunDeps;
  runs(): readonly Run[];
  run(id: CampaignId): Run | null;
  /** Throws KilnError where what it works on is not there any more. */
  open(record: CampaignRecord): Run;
  turn(run: Run, status: CampaignStatus, reason: string | null): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export const createSupervisor = (given: SupervisorDeps): Supervisor => {
  const { store, judging, settings, log, now } = given;
  const runs = new Map<CampaignId, Run>();
  const opening = new Set<Promise<void>>();
  const timers: NodeJS.Timeout[] = [];
  const classes = createDeviceClasses(settings.queueSeconds);
  const verdicts = createVerdicts({ judging, log, onDone: (device) => classes.onDone(device) });
  const shared = { ...given, rows: createRows(store), verdicts, classes };
  const pump = createPump({
    ...shared,
    runs: () => [...runs.values()],
    thinkingMax: settings.thinkingMax,
    onOver: (run, reason) => void turn(run, 'finished', reason).catch(onFailure('a campaign could not be ended')),
  });
  const deps: RunDeps = { ...shared, poke: () => pump.poke() };
  let isStopped = false;

  function onFailure(what: string): (error: unknown) => void {
    return (error) => {
      if (!isStopped) log.warn({ err: error }, what);
    };
  }

  const setRecord = (run: Run, record: CampaignRecord): void => {
    run.record = record;
    given.onRecord(record);
  };

  /** In memory first: from here on nobody asks for it. Durable when it resolves. */
  const turn = async (run: Run, status: CampaignStatus, reason: string | null): Promise<void> => {
    const ranMs = ranMsOf(run, now());
    run.runningSinceMs = status === 'running' ? now() : null;
    setRecord(run, { ...run.record, status, reason, ranMs, updatedAt: new Date(now()).toISOString() });
    if (status === 'stopped') run.asked.abort();
    await patiently(async () => store.updateCampaign(run.record.id, { status, reason, ranMs }), patienceOf(run));
    dropIfThrough(run);
    pump.poke();
  };

  const dropIfThrough = (run: Run): void => {
    const isOver = run.record.status === 'finished' || run.record.status === 'stopped';
    if (isOver && run.thinking === 0 && outstandingOf(run.account) === 0 && run.isOpen) runs.delete(run.record.id);
  };

  const look = async (): Promise<void> => {
    for (const run of runs.values()) dropIfThrough(run);
    if (runs.size === 0) return;
    const begun = classes.mark();
    classes.look(await judging.queue(), begun);
    pump.poke();
  };

  const save = async (): Promise<void> => {
    for (const run of runs.values()) {
      if (run.record.status !== 'running') continue;
      const { id, status, reason } = run.record;
      await store.updateCampaign(id, { status, reason, ranMs: ranMsOf(run, now()) });
    }
  };

  const open = (record: CampaignRecord): Run => {
    const run = createRun(record, given);
    run.runningSinceMs = record.status === 'running' ? now() : null;
    runs.set(record.id, run);
    const opened = openRun(run, deps, store).finally(() => opening.delete(opened));
    opening.add(opened);
    return run;
  };

  /** What it works on is gone since the daemon ran last: a person must decide. */
  const reopen = async (record: CampaignRecord): Promise<void> => {
    try {
      open(record);
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      log.error({ err: error, campaignId: record.id }, 'a campaign cannot go on');
      if (record.status !== 'running') return;
      const change = { status: 'paused' as const, reason: `it cannot go on: ${error.message}`, ranMs: record.ranMs };
      await store.updateCampaign(record.id, change);
      given.onRecord({ ...record, ...change });
    }
  };

  const start = async (): Promise<void> => {
    await verdicts.start();
    const unsettled = new Set(await store.unsettledCampaigns());
    for (const record of (await store.campaigns()).toReversed()) {
      given.onRecord(record);
      const goesOn = record.status === 'running' || record.status === 'paused';
      if (goesOn || unsettled.has(record.id)) await reopen(record);
    }
    every(LOOK_MS, look, 'the queue could not be looked at');
    every(SAVE_MS, save, 'the time that campaigns ran could not be saved');
    every(RECHECK_MS, async () => verdicts.recheck(), 'verdicts could not be looked for');
  };

  /** One at a time: a slow one is not overtaken by the next. */
  const every = (ms: number, work: () => Promise<void>, failure: string): void => {
    let isBusy = false;
    const timer = setInterval(() => {
      if (isBusy) return;
      isBusy = true;
      void work()
        .catch(onFailure(failure))
        .finally(() => {
          isBusy = false;
        });
    }, ms);
    timers.push(timer);
  };

  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    for (const timer of timers) clearInterval(timer);
    pump.stop();
    for (const run of runs.values()) run.asked.abort();
    const late = new AbortController();
    await Promise.race([pump.settled(), wait(STOP_MS_MAX, undefined, { signal: late.signal }).catch(() => null)]);
    late.abort();
    for (const run of runs.values()) run.closed.abort();
    verdicts.stop();
    await Promise.all(opening);
    await save().catch((error: unknown) => log.warn({ err: error }, 'the time that campaigns ran could not be saved'));
  };

  return { deps, runs: () => [...runs.values()], run: (id) => runs.get(id) ?? null, open, turn, start, stop };
};
