import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createVerdicts } from '../../../../../src/agents/run/outcomes/verdicts.ts';
import { KilnError } from '../../../../../src/domain/errors.ts';
import { CandidateId } from '../../../../../src/domain/ids.ts';
import type { JournalEvent } from '../../../../../src/domain/journal.ts';
import type { EventQuery } from '../../../../../src/domain/ports/store.ts';

const ID = CandidateId.parse(`c-${'1'.repeat(32)}`);

/** A journal in memory, and what was asked of it. */
const setUp = (isWanted = () => true) => {
  const journal: JournalEvent[] = [];
  const asked: EventQuery[] = [];
  const woken: (() => void)[] = [];
  const records: boolean[] = [];
  const verdicts = createVerdicts({
    judging: {
      events: async (query) => {
        asked.push(query);
        const { after, limit, types } = query;
        return journal.filter(({ sequence, type }) => sequence > after && (types?.includes(type) ?? true)).slice(0, limit);
      },
      lastSequence: async () => journal.length,
      onEvents: (wake) => {
        woken.push(wake);
        return () => undefined;
      },
      candidate: async (id) => Promise.reject(new KilnError('NOT_FOUND', `there is no candidate ${id}`)),
    },
    log: pino({ level: 'silent' }),
    isWanted,
    onDone: () => undefined,
    onProfiled: () => undefined,
    onTakenBack: () => undefined,
  });
  verdicts.expect(ID, ({ isRecord }) => records.push(isRecord));
  const write = async (...types: readonly JournalEvent['type'][]): Promise<void> => {
    for (const type of types)
      journal.push({ sequence: journal.length + 1, at: '', type, candidateId: ID, hostId: null, data: {} });
    for (const wake of woken) wake();
    await vi.advanceTimersByTimeAsync(100);
  };
  return { verdicts, asked, records, write };
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('verdicts for agents', () => {
  test('are read from the journal without what tells of none, and with whether they are records', async () => {
    const { verdicts, asked, records, write } = setUp();
    await verdicts.start();
    await write('candidate.compiling', 'candidate.ready', 'candidate.judging', 'candidate.done', 'candidate.record');
    expect(records).toEqual([true]);
    expect(asked.map(({ types }) => types?.includes('candidate.judging'))).toEqual([false]);
    verdicts.stop();
  });

  test('do not make the same events be passed over again at each look', async () => {
    const { verdicts, asked, records, write } = setUp();
    await verdicts.start();
    for (let turn = 0; turn < 4; turn += 1) await write('candidate.compiling', 'candidate.ready', 'candidate.judging');
    expect(asked.at(-1)?.after).toBe(9);
    await write('candidate.done');
    expect(records).toEqual([false]);
    verdicts.stop();
  });

  test('are not read while nobody waits for any, and none is missed of whoever comes', async () => {
    let isWanted = false;
    const { verdicts, asked, records, write } = setUp(() => isWanted);
    await verdicts.start();
    for (let turn = 0; turn < 4; turn += 1) await write('candidate.compiling', 'candidate.reopened', 'candidate.done');
    expect(records).toEqual([]);
    expect(asked.flatMap(({ types }) => types)).not.toContain('candidate.done');
    // It comes while the journal is read.
    await write('candidate.done');
    asked.length = 0;
    const lookedAt = asked.push.bind(asked);
    asked.push = (query) => {
      isWanted = true;
      return lookedAt(query);
    };
    await write('candidate.done');
    expect(records).toEqual([false]);
    expect(asked.map(({ types }) => types?.includes('candidate.done'))).toEqual([false, true]);
    verdicts.stop();
  });

  test('are looked for of all that are waited for, also where one of these is there no more', async () => {
    const { verdicts, records, write } = setUp();
    await verdicts.start();
    await expect(verdicts.recheck()).resolves.toBeUndefined();
    await write('candidate.done');
    expect(records).toEqual([false]);
    verdicts.stop();
  });
});
