/**
 * The engine: runs the scheduler's decisions against the queue, the store and the hosts, and answers the server.
 *
 * Modes: created; running (after `start`); stopping; stopped. What runs on
 * a host when the daemon stops goes on there (or is put back at the next start): nothing is waited for, nothing is lost.
 * Invariant: one event at a time goes through the scheduler, and what it decides is done before the next.
 */
import { monotonicMs as systemMonotonicMs } from '../platform/clock.ts';
import { randomInt as secretInt } from 'node:crypto';
import { createScheduler, handle, nextWakeMs } from '../scheduler/scheduler.ts';
import type { SchedulerEvent } from '../scheduler/events.ts';
import { NO_MARKS } from './canaries/marks.ts';
import { recoverCanaries } from './canaries/quarantine.ts';
import { createBundles } from './compiling/bundles.ts';
import type { Bundles } from './compiling/bundles.ts';
import { createFetches, createPuts } from './compiling/transfers.ts';
import type { EngineDeps } from './deps.ts';
import type { EngineState, HostState } from './state.ts';
import { createKnownArtifacts } from './compiling/known-artifacts.ts';
import { createLeaseWindow } from './lease-window.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { onHostEvent } from './host-events.ts';
import { watchPauses } from './telemetry/event-loop-delay.ts';
import { perform } from './effects.ts';
import type { HostEvent, HostSession } from '../domain/ports/host-session.ts';
import { onVerdicts, pumpProfiles, recoverProfiles } from './profiles/profiles.ts';
import { createRecorder } from './write-behind.ts';
import type { Committed } from './write-behind.ts';
import { createRecent } from './answers/recent-submissions.ts';
import { createRecords } from './judging/record-holders.ts';
import { createLostJobs } from './lost-jobs.ts';
import { recover } from './recover.ts';
import { createService } from './answers/service.ts';
import type { Service } from './answers/service.ts';
import { createCompileCounts } from './compiling/compile-counts.ts';

/** Without news, the scheduler still hears of the time this often. */
const TICK_MS = 1000;

export interface Engine {
  readonly kiln: Service;
  start(): Promise<void>;
  /** Idempotent; also before `start`. Runners of this machine end too; those of other hosts wait for the next daemon until their lease is over. */
  stop(): Promise<void>;
}

export const createEngine = (deps: EngineDeps): Engine => {
  const { store, queue, problems, log, now, monotonicMs = systemMonotonicMs } = deps;
  const listeners = new Set<() => void>();
  const notify = (): void => listeners.forEach((listener) => listener());
  const recorder = createRecorder({ store, log, onCommit: (committed) => onCommit(committed) });
  const loop = createLoop((event) => {
    for (const effect of handle(state.core, event, monotonicMs())) perform(state, effect);
  });
  const pauses = watchPauses();
  const bundles = createBundles();
  const recent = createRecent();
  const state: EngineState = {
    core: createScheduler({ infraRetries: deps.rules.infraRetries, canaryEveryMs: 1000 * deps.rules.canaryEverySeconds }),
    store,
    queue,
    problems,
    records: createRecords(store, problems),
    recorder,
    metrics: createMetrics(),
    rules: deps.rules,
    randomInt: deps.randomInt ?? secretInt,
    log,
    now,
    monotonicMs,
    pauseMs: () => pauses.typicalMs(monotonicMs()),
    lives: new Map(),
    profiles: new Map(),
    hosts: new Map(deps.sessions.map((session) => [session.hostId, newHost(session, bundles)])),
    compileHosts: new Set(),
    bundles,
    apply: (event) => {
      loop.push(event);
      scheduleWake();
    },
    proven: new Set(),
    jobsEnded: async () => ending,
    poke: () => leases.onWork(),
    onUnqueued: () => lostJobs.suspect(),
    notify,
    isRunning: () => mode === 'running',
    verdictTimesMs: [],
  };
  const lostJobs = createLostJobs(state);
  const service = createService(state, {
    ...deps,
    monotonicMs,
    recent,
    listeners,
    notify,
    poke: state.poke,
    onUnqueued: state.onUnqueued,
    isRunning: state.isRunning,
  });
  const leases = createLeaseWindow(state, recent);
  let mode: 'created' | 'running' | 'stopping' | 'stopped' = 'created';
  let wake: NodeJS.Timeout | null = null;
  let ending: Promise<void> = Promise.resolve();

  /** Committed: end the queue's jobs, let the hosts forget, tell whoever watches the journal. */
  const onCommit = ({ completed, acknowledged }: Committed): void => {
    for (const [hostId, results] of Map.groupBy(acknowledged, (one) => one.hostId)) {
      state.hosts.get(hostId)?.session.ack(results.map(({ attemptId }) => attemptId));
    }
    if (completed.length > 0) {
      const ended = queue
        .complete(completed)
        .catch((error: unknown) => log.warn({ err: error }, 'ending queue jobs failed; they end when they are leased again'));
      ending = Promise.all([ending, ended]).then(() => undefined);
      leases.onRoom();
      onVerdicts(state, completed);
    }
    notify();
  };

  const scheduleWake = (): void => {
    if (wake || mode !== 'running') return;
    const delayMs = Math.max(1, Math.min(TICK_MS, (nextWakeMs(state.core) ?? Infinity) - monotonicMs()));
    wake = setTimeout(() => {
      wake = null;
      state.apply({ type: 'tick' });
      pumpProfiles(state);
      leases.onRoom();
      lostJobs.onTick(monotonicMs());
    }, delayMs);
  };

  const start = async (): Promise<void> => {
    mode = 'running';
    recorder.add({ type: 'event', event: { type: 'daemon.started', candidateId: null, hostId: null, data: {} } });
    await recoverCanaries(state);
    await recover(state);
    // A crash, or an outage of the queue, between the store's commit and the queue's add leaves a candidate without a job.
    lostJobs.suspect();
    lostJobs.onTick(monotonicMs());
    queue.onLoss(lostJobs.suspect);
    void recoverProfiles(state).catch((error: unknown) => log.error({ err: error }, 'could not look for profiles that wait'));
    queue.onWork(() => leases.onWork());
    for (const { session } of state.hosts.values()) session.start(inOrder(state));
    leases.start();
    scheduleWake();
  };

  const stop = async (): Promise<void> => {
    if (mode === 'stopped' || mode === 'stopping') return;
    mode = 'stopping';
    if (wake) clearTimeout(wake);
    await leases.stop();
    await Promise.all(
      [...state.hosts.values()].map(async ({ session }) => session.stop({ shutdownRunner: session.transport === 'local' })),
    );
    recorder.add({ type: 'event', event: { type: 'daemon.stopped', candidateId: null, hostId: null, data: {} } });
    await recorder.stop();
    pauses.stop();
    mode = 'stopped';
    notify();
  };

  return { kiln: service, start, stop };
};

/** Events pushed while one is handled wait for their turn. */
const createLoop = (handleOne: (event: SchedulerEvent) => void): { push(event: SchedulerEvent): void } => {
  const waiting: SchedulerEvent[] = [];
  let isRunning = false;
  return {
    push: (event) => {
      waiting.push(event);
      if (isRunning) return;
      isRunning = true;
      try {
        for (let next = waiting.shift(); next; next = waiting.shift()) handleOne(next);
      } finally {
        isRunning = false;
      }
    },
  };
};

/** A host's events wait for one another, since the first of a connection reads the store. */
const inOrder = (state: EngineState): ((event: HostEvent) => void) => {
  let last: Promise<void> = Promise.resolve();
  return (event) => {
    last = last
      .then(async () => onHostEvent(state, event))
      .catch((error: unknown) => state.log.error({ err: error, hostId: event.hostId }, 'a host event could not be handled'));
  };
};

const newHost = (session: HostSession, bundles: Bundles): HostState => ({
  session,
  state: 'connecting',
  reason: null,
  nextRetryAtMs: null,
  runnerId: '',
  inventory: null,
  devices: [],
  defined: new Set(),
  known: createKnownArtifacts(),
  recordCompiles: new Map(),
  preparing: new Set(),
  use: new Map(),
  asked: new Map(),
  resting: null,
  restsUntilMs: new Map(),
  fetches: createFetches(session),
  puts: createPuts(session, bundles),
  canaries: new Map(),
  lastCanaries: new Map(),
  trustedAtMs: new Map(),
  quarantines: new Map(),
  failedCanaries: new Map(),
  marks: { ...NO_MARKS },
  suspects: new Map(),
  compile: { queued: 0, running: 0 },
  compileCounts: createCompileCounts(),
  refreshes: new Map(),
});
