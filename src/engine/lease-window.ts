/**
 * Keeps as many leased candidates in the scheduler as it wants, and no more.
 *
 * Modes: idle; leasing (one lease at a time; pokes meanwhile make it go round again); stopped.
 * A queue that gave nothing is asked again when work is announced, not whenever there is room.
 * The queue gives what was submitted first. Whoever would not be seen behind others (`underserved`) is leased before them: from the store it is
 * known how much each submitter has for each class, and which candidates come first.
 * While the store is far behind with what was judged, nothing more is leased: what is judged faster than it can be written would fill memory.
 * Invariant: every leased id is either in the scheduler, ended at the queue (its verdict was known), or put back.
 */
import type { CandidateId } from '../domain/ids.ts';
import type { Unfinished } from '../domain/ledger.ts';
import type { JudgeMode, SchedulerEvent, Task } from '../scheduler/events.ts';
import { underserved, wanted } from '../scheduler/scheduler.ts';
import type { Recent } from './answers/recent-submissions.ts';
import type { EngineState } from './state.ts';
import { createLive } from './active-candidates.ts';
import type { Attempt } from './active-candidates.ts';

const LEASE_BATCH_MAX = 500;
/** Entries of the recorder; a candidate that is judged makes a handful. */
export const UNWRITTEN_MAX = 5000;
/** How often it is looked who is missing, at the most; */
const LOOK_EVERY_MS = 250;
/** after a look that took long (tens of thousands of submitters) so many times as long, and at the least. */
const LOOK_REST = 4;
const LOOK_EVERY_MS_MAX = 2_000;
/** Work that nobody announced (a lost notification, a job that came back to the queue) is found after this long. */
const SAFETY_POLL_MS = 1000;

export interface LeaseWindow {
  /** New work may be in the queue. */
  onWork(): void;
  /** The scheduler may want more. */
  onRoom(): void;
  start(): void;
  stop(): Promise<void>;
}

/** `recent`: submissions of this process that the store need not be asked for again. */
export const createLeaseWindow = (state: EngineState, recent: Pick<Recent, 'take'>): LeaseWindow => {
  let running: Promise<void> | null = null;
  let isPoked = false;
  let mayHoldMore = true;
  let isStopped = true;
  let timer: NodeJS.Timeout | null = null;
  let nextLookMs = 0;
  /** Leased, and not admitted yet: while the store cannot say what they are they stay here. */
  let owed: CandidateId[] = [];

  const fill = async (): Promise<void> => {
    do {
      isPoked = false;
      if (isStopped || state.recorder.trouble() || state.recorder.unwritten() > UNWRITTEN_MAX) return;
      await admitOwed();
      const count = Math.min(wanted(state.core), LEASE_BATCH_MAX);
      if (count === 0) {
        // As long as there is room, all that waits will be seen.
        if (!mayHoldMore || state.monotonicMs() < nextLookMs) return;
        await look();
        continue;
      }
      // Before the question: what is announced while it is asked must be asked for again.
      mayHoldMore = false;
      const leased = await lease(count);
      if (leased > 0) mayHoldMore = true;
      if (leased === count) isPoked = true;
    } while (isPoked);
  };

  const look = async (): Promise<void> => {
    const startedMs = state.monotonicMs();
    try {
      await lease(await promoteUnderserved(state));
    } finally {
      const restMs = LOOK_REST * (state.monotonicMs() - startedMs);
      nextLookMs = state.monotonicMs() + Math.min(LOOK_EVERY_MS_MAX, Math.max(LOOK_EVERY_MS, restMs));
    }
  };

  const lease = async (count: number): Promise<number> => {
    const leases = await state.queue.lease(count);
    owed.push(...leases.map(({ candidateId }) => candidateId));
    await admitOwed();
    return leases.length;
  };

  const admitOwed = async (): Promise<void> => {
    if (owed.length === 0) return;
    await admit(state, owed, recent.take(owed));
    owed = [];
  };

  const poke = (): void => {
    isPoked = true;
    if (running || isStopped) return;
    running = fill()
      .catch((error: unknown) => {
        mayHoldMore = true;
        state.log.error({ err: error }, 'leasing from the queue failed; it will be tried again');
      })
      .finally(() => {
        running = null;
      });
  };

  const onWork = (): void => {
    mayHoldMore = true;
    poke();
  };

  return {
    onWork,
    onRoom: () => {
      if (mayHoldMore) poke();
    },
    start: () => {
      isStopped = false;
      timer = setInterval(onWork, SAFETY_POLL_MS);
      onWork();
    },
    stop: async () => {
      isStopped = true;
      if (timer) clearInterval(timer);
      await running;
    },
  };
};

/** Gives how many jobs were put before the others: no more may be leased, or they would be the flood's. */
const promoteUnderserved = async (state: EngineState): Promise<number> => {
  const { rows } = await state.store.backlog();
  const missing = underserved(state.core, rows);
  if (missing.length === 0) return 0;
  // By the store these are not done yet, and they were the first to come.
  const ending = state.recorder.ending();
  const first = await state.store.first(
    missing.map(({ device, submitter, held, more }) => ({ device, submitter, limit: held + more + ending.size })),
  );
  const wanting = missing.flatMap(({ more }, index) =>
    (first[index] ?? []).filter((id) => !state.lives.has(id) && !ending.has(id)).slice(0, more),
  );
  return wanting.length > 0 ? state.queue.promote(wanting) : 0;
};

/** Hands leased ids to the scheduler; ends the jobs of those whose verdict the store knows already. */
export const admit = async (state: EngineState, ids: readonly CandidateId[], recent: readonly Unfinished[]): Promise<void> => {
  if (ids.length === 0) return;
  const known = new Set(recent.map(({ id }) => id));
  const unknown = ids.filter((id) => !known.has(id));
  const read = unknown.length > 0 ? await state.store.pending(unknown) : [];
  const pending = new Set(read.map(({ id }) => id));
  const done = unknown.filter((id) => !pending.has(id));
  if (done.length > 0) await state.queue.discard(done);
  for (const item of recent) admitOne(state, item);
  for (const item of read) admitOne(state, item.state.status === 'queued' ? item : withoutUnwritten(item));
};

/**
 * A host may know attempts that were sent in the last moments before a crash and never written down. New attempts start this much
 * further on, so that no id is given out twice.
 */
const UNWRITTEN_ATTEMPTS = 10;

export const withoutUnwritten = (item: Unfinished): Unfinished => ({ ...item, attempts: item.attempts + UNWRITTEN_ATTEMPTS });

export const admitOne = (state: EngineState, item: Unfinished): void => {
  if (state.lives.has(item.id)) return;
  const { content } = item.submission;
  const loaded = state.problems.get(content.problem);
  const isSame = loaded?.contentHash(content.device === 'cpu' ? 'cpu' : 'gpu') === content.problemVersion;
  if (!loaded || !isSame) return refuseChanged(state, item);
  const live = createLive(item.id, item.submission, loaded, state.monotonicMs());
  const event = eventOf(item);
  if (event.type === 'task-adopted') live.attempts.set(event.attemptId, adoptedAttempt(event.mode));
  state.lives.set(item.id, live);
  state.apply(event);
};

/** Given to its host by an earlier life of the daemon, which knew whom it was paired with. */
const adoptedAttempt = (mode: JudgeMode): Attempt => ({ mode, pairedWith: undefined, artifacts: [], evaluation: null });

/** Judging it by other rules than it was submitted under would give a wrong place in a ranking. */
const refuseChanged = (state: EngineState, { id, submission }: Unfinished): void => {
  const message = `problem "${submission.content.problem}" was changed or removed after this was submitted; submit it again`;
  state.recorder.add({
    type: 'completion',
    completion: { candidateId: id, outcome: { verdict: 'infra_failed', message }, score: null, record: false },
  });
};

const eventOf = (item: Unfinished): Extract<SchedulerEvent, { type: 'task-added' | 'task-adopted' }> => {
  const { state } = item;
  if (state.status !== 'judging' && state.status !== 'confirming') return { type: 'task-added', task: taskOf(item) };
  const mode = state.status === 'judging' ? 'screen' : 'confirm';
  const { hostId, deviceId, attemptId } = state;
  return { type: 'task-adopted', task: taskOf(item), hostId, deviceId, attemptId, mode, screened: null };
};

const taskOf = ({ id, submission, attempts, infraFailures, submittedAtMs }: Unfinished): Task => ({
  id,
  device: submission.content.device,
  labels: submission.labels,
  language: submission.content.language,
  priority: submission.priority,
  submitter: submission.submitter,
  queuedAtMs: submittedAtMs,
  attempts,
  infraFailures,
});
