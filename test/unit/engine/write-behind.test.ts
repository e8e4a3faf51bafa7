import { pino } from 'pino';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { attemptIdOf, CandidateId, HostId } from '../../../src/domain/ids.ts';
import type { NewJournalEvent } from '../../../src/domain/journal.ts';
import type { Writes } from '../../../src/domain/ports/store.ts';
import { type Committed, createWriteBehind } from '../../../src/engine/write-behind.ts';

const id = CandidateId.parse(`c-${'a'.repeat(32)}`);
const event: NewJournalEvent = { type: 'candidate.ready', candidateId: id, hostId: null, data: {} };
const silent = pino({ level: 'silent' });

/** Keeps what was written in transactions that ended well. */
const createStore = (failures = 0, failing = '') => {
  let left = failures;
  const written: string[] = [];
  let open: string[] = [];
  const write = async (kind: string): Promise<void> => {
    if (left > 0 && kind.startsWith(failing)) {
      left -= 1;
      throw new Error('disk full');
    }
    open.push(kind);
    await Promise.resolve();
  };
  const writes: Writes = {
    writeTransitions: async () => write('transitions'),
    writeAttempts: async () => write('attempts'),
    appendEvents: async () => write('events'),
    writeCanaries: async () => write('canaries'),
    writePairs: async () => write('pairs'),
    finishProfile: async () => {
      await write('profile');
      return true;
    },
    complete: async () => {
      await write('complete');
      return [id];
    },
    writeProgress: async ({ transitions, completions }) => {
      if (transitions.length > 0) await write('transitions');
      if (completions.length > 0) await write('complete');
    },
  };
  const together = async (work: (to: Writes) => Promise<void>): Promise<void> => {
    open = [];
    await work(writes);
    written.push(...open);
  };
  return { written, together };
};

const completion = {
  type: 'completion',
  completion: { candidateId: id, outcome: { verdict: 'cancelled' }, score: null, record: false },
} as const;
const acknowledgement = { type: 'acknowledgement', hostId: HostId.parse('box'), attemptId: attemptIdOf(id, 1) } as const;

const stepOf = ({ data }: NewJournalEvent): number => Number(data['step']);

describe('the write-behind', () => {
  test('does what is left to do behind a final word once that is committed, and not before', async () => {
    const store = createStore(1);
    const seen: string[] = [];
    const writeBehind = createWriteBehind({ store, log: silent, onCommit: () => undefined });
    writeBehind.add({ ...completion, after: () => seen.push(store.written.join(',')) });
    await writeBehind.stop();
    expect(seen).toEqual([]);
    await writeBehind.stop();
    expect(seen).toEqual(['complete']);
  });

  test('writes moves before final words, and says what is committed only then', async () => {
    const store = createStore();
    const seen: string[] = [];
    const onCommit = ({ completed, acknowledged }: Committed): void => {
      seen.push(`${completed.length} done, ${acknowledged.length} acknowledged after ${store.written.join(',')}`);
    };
    const writeBehind = createWriteBehind({ store, log: silent, onCommit });
    writeBehind.add(completion);
    writeBehind.add({ type: 'transition', transition: { candidateId: id, state: { status: 'queued' }, event } });
    writeBehind.add(acknowledgement);
    await writeBehind.stop();
    expect(seen).toEqual(['1 done, 1 acknowledged after transitions,complete']);
  });

  test('acknowledges nothing before what follows from it, however many batches that takes', async () => {
    const store = createStore();
    const acknowledgedAfter: number[] = [];
    const writeBehind = createWriteBehind({
      store,
      log: silent,
      onCommit: ({ acknowledged }) => acknowledgedAfter.push(...acknowledged.map(() => store.written.length)),
    });
    for (let entry = 0; entry < 1200; entry += 1) writeBehind.add(completion);
    writeBehind.add(acknowledgement);
    await writeBehind.stop();
    expect(acknowledgedAfter).toEqual([3]);
  });

  test('a failed write keeps its rows, says so, and is tried again', async () => {
    const store = createStore(1);
    const { promise: committed, resolve } = Promise.withResolvers<void>();
    const writeBehind = createWriteBehind({ store, log: silent, onCommit: () => resolve() });
    let failed: string | null = null;
    writeBehind.add(completion);
    const watch = setInterval(() => (failed ??= writeBehind.writeFailure()), 1);
    await committed;
    clearInterval(watch);
    expect(failed).toBe('disk full');
    expect(writeBehind.writeFailure()).toBeNull();
    expect(store.written).toEqual(['complete']);
  });

  test('what was written before a failure in the same batch is not written twice', async () => {
    const store = createStore(1, 'complete');
    const { promise: committed, resolve } = Promise.withResolvers<void>();
    const writeBehind = createWriteBehind({ store, log: silent, onCommit: () => resolve() });
    writeBehind.add({ type: 'transition', transition: { candidateId: id, state: { status: 'queued' }, event } });
    writeBehind.add(completion);
    await committed;
    expect(store.written).toEqual(['transitions', 'complete']);
  });

  test('host events keep their place between the moves of candidates', async () => {
    const store = createStore();
    const writeBehind = createWriteBehind({ store, log: silent, onCommit: () => undefined });
    const move = { type: 'transition', transition: { candidateId: id, state: { status: 'queued' }, event } } as const;
    for (const entry of [{ type: 'event', event } as const, move, move, { type: 'event', event } as const, move])
      writeBehind.add(entry);
    await writeBehind.stop();
    expect(store.written).toEqual(['events', 'transitions', 'events', 'transitions']);
  });

  test('a flush that took long is followed by a rest in which more comes together, but not for ever', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { written, together } = createStore();
    let [nowMs, tookMs] = [0, 0];
    const slow: typeof together = async (work) => {
      await together(work);
      nowMs += tookMs;
    };
    const deps = { store: { together: slow }, log: silent, onCommit: () => undefined, monotonicMs: () => nowMs };
    const writeBehind = createWriteBehind(deps);
    const pass = async (ms: number): Promise<number> => {
      nowMs += ms;
      await vi.advanceTimersByTimeAsync(ms);
      return written.length;
    };
    tookMs = 1_000;
    writeBehind.add(completion);
    expect(await pass(10)).toBe(1);
    tookMs = 1;
    writeBehind.add(completion);
    expect(await pass(39)).toBe(1);
    expect(await pass(1)).toBe(2);
    writeBehind.add(completion);
    expect(await pass(9)).toBe(2);
    expect(await pass(1)).toBe(3);
  });

  test('a full batch is written at once, whatever it follows', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const store = createStore();
    const writeBehind = createWriteBehind({ store, log: silent, onCommit: () => undefined });
    for (let entry = 0; entry < 499; entry += 1) writeBehind.add(completion);
    await vi.advanceTimersByTimeAsync(1);
    expect(store.written).toEqual([]);
    writeBehind.add(completion);
    await vi.advanceTimersByTimeAsync(1);
    expect(store.written).toEqual(['complete']);
  });

  test('stopping writes what waits', async () => {
    const store = createStore();
    const writeBehind = createWriteBehind({ store, log: silent, onCommit: () => undefined });
    writeBehind.add({ type: 'event', event });
    await writeBehind.stop();
    expect(store.written).toEqual(['events']);
  });

  test('what is added while it stops is written once, and by the end of it', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const written: number[] = [];
    const gates: (() => void)[] = [];
    const slow = async (work: (to: Writes) => Promise<void>): Promise<void> => {
      const batch: number[] = [];
      const { together } = createStore();
      await together(async (writes) =>
        work({ ...writes, appendEvents: async (events) => void batch.push(...events.map(stepOf)) }),
      );
      await new Promise<void>((resolve) => void gates.push(resolve));
      written.push(...batch);
    };
    const writeBehind = createWriteBehind({ store: { together: slow }, log: silent, onCommit: () => undefined });
    const add = (step: number): void => writeBehind.add({ type: 'event', event: { ...event, data: { step } } });
    add(1);
    const stopped = writeBehind.stop();
    for (const step of [2, 3, 4]) {
      await vi.advanceTimersByTimeAsync(15);
      add(step);
    }
    // More often than it can write: each time whatever waits is let through.
    for (let turn = 0; turn < 10; turn += 1) {
      await vi.advanceTimersByTimeAsync(15);
      gates.shift()?.();
    }
    await stopped;
    expect(written).toEqual([1, 2, 3, 4]);
  });
});
