import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { CandidateId } from '../../../src/domain/ids.ts';
import type { NewJournalEvent } from '../../../src/domain/records.ts';
import type { Writes } from '../../../src/domain/ports/store.ts';
import { createRecorder } from '../../../src/engine/write-behind.ts';

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
    recordTransitions: async () => write('transitions'),
    recordAttempts: async () => write('attempts'),
    appendEvents: async () => write('events'),
    recordCanaries: async () => write('canaries'),
    finishProfile: async () => {
      await write('profile');
      return true;
    },
    complete: async () => {
      await write('complete');
      return [id];
    },
  };
  const together = async (work: (to: Writes) => Promise<void>): Promise<void> => {
    open = [];
    await work(writes);
    written.push(...open);
  };
  return { written, together };
};

const completion = (after: () => void) =>
  ({
    type: 'completion',
    completion: { candidateId: id, outcome: { verdict: 'cancelled' }, score: null, record: false },
    after,
  }) as const;

describe('the recorder', () => {
  test('writes moves before final words and acknowledges only after the commit', async () => {
    const store = createStore();
    const seen: string[] = [];
    const recorder = createRecorder({ store, log: silent, onCommit: (done) => seen.push(`commit ${done.length}`) });
    recorder.add(completion(() => seen.push(`after ${store.written.join(',')}`)));
    recorder.add({ type: 'transition', transition: { candidateId: id, state: { status: 'queued' }, event } });
    await recorder.drained();
    expect(store.written).toEqual(['transitions', 'complete']);
    expect(seen).toEqual(['after transitions,complete', 'commit 1']);
  });

  test('a failed write keeps its rows, says so, and is tried again', async () => {
    const store = createStore(1);
    const { promise: committed, resolve } = Promise.withResolvers<void>();
    const recorder = createRecorder({ store, log: silent, onCommit: () => undefined });
    let troubled: string | null = null;
    recorder.add(
      completion(() => {
        resolve();
      }),
    );
    const watch = setInterval(() => (troubled ??= recorder.trouble()), 1);
    await committed;
    clearInterval(watch);
    expect(troubled).toBe('disk full');
    expect(recorder.trouble()).toBeNull();
    expect(store.written).toEqual(['complete']);
  });

  test('what was written before a failure in the same batch is not written twice', async () => {
    const store = createStore(1, 'complete');
    const recorder = createRecorder({ store, log: silent, onCommit: () => undefined });
    recorder.add({ type: 'transition', transition: { candidateId: id, state: { status: 'queued' }, event } });
    const { promise: committed, resolve } = Promise.withResolvers<void>();
    recorder.add(
      completion(() => {
        resolve();
      }),
    );
    await committed;
    expect(store.written).toEqual(['transitions', 'complete']);
  });

  test('host events keep their place between the moves of candidates', async () => {
    const store = createStore();
    const recorder = createRecorder({ store, log: silent, onCommit: () => undefined });
    const move = { type: 'transition', transition: { candidateId: id, state: { status: 'queued' }, event } } as const;
    for (const entry of [{ type: 'event', event } as const, move, move, { type: 'event', event } as const, move])
      recorder.add(entry);
    await recorder.drained();
    expect(store.written).toEqual(['events', 'transitions', 'events', 'transitions']);
  });

  test('stopping writes what waits', async () => {
    const store = createStore();
    const recorder = createRecorder({ store, log: silent, onCommit: () => undefined });
    recorder.add({ type: 'event', event });
    await recorder.stop();
    expect(store.written).toEqual(['events']);
  });
});
