/**
 * The engine: runs the scheduler's decisions against the queue, the store and the hosts, and answers the server. Here it is only composed, started and
 * stopped: parts are created in order, with what they need; those that come later hear of earlier ones by signals.
 *
 * Modes: created; running (after `start`); stopping; stopped. What runs on
 * a host when the daemon stops goes on there (or is put back at the next start): nothing is waited for, nothing is lost.
 */
import { randomInt as secretInt } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { DeviceWish } from '../domain/hosts/work.ts';
import type { HostId } from '../domain/ids.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import { monotonicMs as systemMonotonicMs } from '../platform/clock.ts';
import { createSignal } from '../platform/signal.ts';
import type { SchedulerOptions } from '../scheduler/options.ts';
import { createScheduler } from '../scheduler/scheduler.ts';
import { createRecentSubmissions } from './answers/recent-submissions.ts';
import { createService, type Service } from './answers/service.ts';
import { recoverCanaries } from './canaries/quarantine.ts';
import { askDueCompilers } from './compiling/compiler-checks.ts';
import { recoverCompilers } from './compiling/compiler-quarantine.ts';
import { createBundles } from './compiling/bundles.ts';
import type { EngineDeps, JudgingRules } from './deps.ts';
import { executeEffect } from './effects.ts';
import { createEventLoop, inOrder } from './event-loop.ts';
import { createFinishedJobs } from './leasing/finished-jobs.ts';
import { createHiddenCases } from './hidden-cases.ts';
import { createHostControl } from './host-control.ts';
import { onHostEvent } from './host-events.ts';
import type { HostControl } from '../domain/ports/host-control.ts';
import type { HostSession } from '../domain/ports/host-session.ts';
import { endBookings, recoverBookings } from './hosts/bookings.ts';
import { createHost } from './hosts/create-host.ts';
import { recoverHolds } from './hosts/holds.ts';
import { createUsualClocks } from './judging/disturbance.ts';
import { createFronts } from './judging/fronts.ts';
import { createLibraries, type Libraries } from './libraries/libraries.ts';
import { createLibraryRuns } from './libraries/runs.ts';
import { checkWish, lendDevices, type LendOptions, type Lent } from './lending/lending.ts';
import { createFailedPairs, FAILED_PAIRS_MAX } from './judging/failed-pairs.ts';
import { createRecordHolders } from './judging/record-holders.ts';
import { createStoppedReview } from './judging/reopen-stopped.ts';
import { createLeaseWindow } from './leasing/lease-window.ts';
import { createLostJobs } from './leasing/lost-jobs.ts';
import { onVerdicts, pumpProfiles, recoverProfiles } from './profiles/profiles.ts';
import { recover } from './leasing/recover.ts';
import { createProblemVersions } from './problem-versions.ts';
import { createSubmitterBook } from './submitters/submitter-book.ts';
import type { EngineState } from './state.ts';
import { watchEventLoopDelay } from './telemetry/event-loop-delay.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { createVerdictRate } from './telemetry/verdict-rate.ts';
import { createWriteBehind, type Committed } from './write-behind.ts';
import { hostNamed } from './host-state.ts';

/** What work of people on hosts needs of it. */
export interface HostAccess {
  open(host: HostId, signal: AbortSignal): Promise<Duplex>;
  checkWish(host: HostId, wish: DeviceWish): void;
  lend(host: HostId, wish: DeviceWish, options: LendOptions): Promise<Lent>;
  note(event: NewJournalEvent): void;
}

export interface Engine {
  readonly kiln: Service;
  readonly hosts: HostAccess & HostControl;
  start(): Promise<void>;
  /** Idempotent; also before `start`. Runners of this machine end too; those of other hosts wait for the next daemon until their lease is over. */
  stop(): Promise<void>;
}

type Mode = 'created' | 'running' | 'stopping' | 'stopped';

export const createEngine = (deps: EngineDeps): Engine => {
  const { store, queue, rules, log, monotonicMs = systemMonotonicMs } = deps;
  let mode: Mode = 'created';
  const [work, journal, committed] = [createSignal(), createSignal(), createSignal<Committed>()];
  const core = createScheduler(optionsOf(rules));
  const loop = createEventLoop(core, monotonicMs);
  const writeBehind = createWriteBehind({ store, log, onCommit: committed.emit });
  const finishedJobs = createFinishedJobs(queue, log);
  const lostJobs = createLostJobs({ store, queue, log });
  const eventLoopDelay = watchEventLoopDelay();
  const bundles = createBundles();
  const hosts = new Map(deps.sessions.map((session) => [session.hostId, createHost(session, bundles)]));
  const state = stateOf(deps, {
    core,
    monotonicMs,
    writeBehind,
    bundles,
    hosts,
    apply: loop.push,
    jobsEnded: finishedJobs.ended,
    endJobs: finishedJobs.end,
    onUnqueued: lostJobs.suspect,
    wake: work.emit,
    notify: journal.emit,
    isRunning: () => mode === 'running',
    eventLoopDelayMs: () => eventLoopDelay.typicalMs(monotonicMs()),
  });
  const leases = createLeaseWindow(state);
  const stoppedReview = createStoppedReview(state);
  const submitters = createSubmitterBook({ ...state, store });
  const kiln = createService(state, { limits: deps.limits, onEvents: journal.on, alone: leases.alone, submitters });
  const libraries = createLibraries(state, kiln.cancel);

  work.on(leases.onWork);
  committed.on(({ completed, acknowledged }) => {
    acknowledge(state, acknowledged);
    if (completed.length > 0) {
      finishedJobs.end(completed);
      leases.onRoom();
      onVerdicts(state, completed);
      libraries.onVerdicts(completed);
    }
    journal.emit();
  });
  const startSession = (session: HostSession): void => session.start(inOrder(async (event) => onHostEvent(state, event), log));

  const start = async (): Promise<void> => {
    mode = 'running';
    const onRefusedMove = (): void => state.metrics.onRefusedMove();
    const onTick = (): void => lookAround(state, { submitters, leases, lostJobs, stoppedReview, libraries });
    loop.start({ execute: (effect) => executeEffect(state, effect), onTick, onRefusedMove });
    noteDaemon(state, 'daemon.started');
    await submitters.recover();
    await libraries.recover();
    await takeBack(state);
    // A crash, or an outage of the queue, between the store's commit and the queue's add leaves a candidate without a job.
    lostJobs.suspect();
    lostJobs.onTick(monotonicMs());
    queue.onLoss(lostJobs.suspect);
    queue.onWork(work.emit);
    void recoverProfiles(state).catch((error: unknown) => log.error({ err: error }, 'could not look for profiles that wait'));
    for (const { session } of state.hosts.values()) startSession(session);
    leases.start();
  };

  const stop = async (): Promise<void> => {
    if (mode === 'stopped' || mode === 'stopping') return;
    mode = 'stopping';
    loop.stop();
    await leases.stop();
    await stopSessions(state);
    noteDaemon(state, 'daemon.stopped');
    await writeBehind.stop();
    eventLoopDelay.stop();
    mode = 'stopped';
    journal.emit();
  };

  const control = createHostControl(state, { hosts, startSession });
  return { kiln, hosts: { ...hostAccess(state), ...control }, start, stop };
};

interface Looking {
  readonly submitters: { onTick(): void };
  readonly leases: { onRoom(): void };
  readonly lostJobs: { onTick(monotonicMs: number): void };
  readonly stoppedReview: { onTick(monotonicMs: number): void };
  readonly libraries: Pick<Libraries, 'onTick'>;
}

/** At each tick: what comes due by itself. */
const lookAround = (state: EngineState, { submitters, leases, lostJobs, stoppedReview, libraries }: Looking): void => {
  askDueCompilers(state);
  endBookings(state);
  pumpProfiles(state);
  submitters.onTick();
  leases.onRoom();
  lostJobs.onTick(state.monotonicMs());
  stoppedReview.onTick(state.monotonicMs());
  libraries.onTick();
};

type Wiring =
  | 'hosts'
  | 'bundles'
  | 'core'
  | 'monotonicMs'
  | 'writeBehind'
  | 'apply'
  | 'endJobs'
  | 'jobsEnded'
  | 'onUnqueued'
  | 'wake'
  | 'notify'
  | 'isRunning'
  | 'eventLoopDelayMs';

const optionsOf = ({ infraRetries, canaryEverySeconds, canaryFirstSeconds }: JudgingRules): Partial<SchedulerOptions> => ({
  infraRetries,
  canaryEveryMs: 1000 * canaryEverySeconds,
  canaryFirstMs: 1000 * canaryFirstSeconds,
});

/** As it is before anything happened. */
const stateOf = (deps: EngineDeps, wiring: Pick<EngineState, Wiring>): EngineState => {
  const { store, queue, rules, log, now, randomInt = secretInt, onDeviceState = () => undefined } = deps;
  const problems = new Map(deps.problems);
  const recordHolders = createRecordHolders(store, problems.values());
  const fronts = createFronts(store, problems.values(), rules.racingPlaces);
  return {
    ...wiring,
    store,
    queue,
    problems,
    rules,
    log,
    now,
    hidden: createHiddenCases(randomInt, (problem, { name }, reason) =>
      log.warn(
        { problem, case: name, reason },
        'no case can be made for a shape within the bounds of hidden ones: another is drawn',
      ),
    ),
    onDeviceState,
    metrics: createMetrics(),
    recordHolders,
    fronts,
    versions: createProblemVersions({
      store,
      current: problems.values(),
      onRecalled: async (loaded) => {
        await recordHolders.ensureProblem(loaded);
        await fronts.ensureProblem(loaded);
      },
    }),
    library: { current: problems, read: deps.readProblems ?? null, refused: deps.refusedProblems ?? [] },
    recentSubmissions: createRecentSubmissions(),
    failedPairs: createFailedPairs((note) => wiring.writeBehind.add({ type: 'pair', note })),
    libraryRuns: createLibraryRuns(),
    compileHosts: new Set(),
    active: new Map(),
    profiles: new Map(),
    proven: new Set(),
    usualClocks: createUsualClocks(),
    verdictRate: createVerdictRate(),
  };
};

const hostAccess = (state: EngineState): HostAccess => ({
  open: async (hostId, signal) => {
    return hostNamed(state.hosts, hostId).session.openWork(signal);
  },
  checkWish: (hostId, wish) => checkWish(state, hostId, wish),
  lend: async (hostId, wish, options) => lendDevices(state, hostId, { wish, ...options }),
  note: (event) => state.writeBehind.add({ type: 'event', event }),
});

/** What an earlier life of the daemon knew and held. */
const takeBack = async (state: EngineState): Promise<void> => {
  await state.versions.keep(state.problems.values());
  const canaries = await state.store.canaries();
  recoverCanaries(state, canaries);
  recoverCompilers(state, canaries);
  recoverHolds(state, await state.store.holds());
  recoverBookings(state, await state.store.bookings());
  state.failedPairs.recover(await state.store.failedPairs(FAILED_PAIRS_MAX));
  await recover(state);
};

const stopSessions = async ({ hosts }: Pick<EngineState, 'hosts'>): Promise<void> => {
  const sessions = [...hosts.values()].map(({ session }) => session);
  await Promise.all(sessions.map(async (session) => session.stop({ shutdownRunner: session.transport === 'local' })));
};

/** In one frame a host. */
const acknowledge = ({ hosts }: Pick<EngineState, 'hosts'>, results: Committed['acknowledged']): void => {
  for (const [hostId, ofHost] of Map.groupBy(results, (one) => one.hostId)) {
    hosts.get(hostId)?.session.ack(ofHost.map(({ attemptId }) => attemptId));
  }
};

const noteDaemon = ({ writeBehind }: Pick<EngineState, 'writeBehind'>, type: 'daemon.started' | 'daemon.stopped'): void =>
  writeBehind.add({ type: 'event', event: { type, candidateId: null, hostId: null, data: {} } });
