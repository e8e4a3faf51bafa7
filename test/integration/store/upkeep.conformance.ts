import { describe, expect, onTestFinished, test } from 'vitest';
import type { Store } from '../../../src/engine/ports.ts';
import { createStore } from '../../../src/store/store.ts';
import type { Sql } from '../../../src/store/sql.ts';
import { attempt, candidate, DEVICE, event, HOST, idOf, passed, score } from './builders.ts';

const TABLES = ['candidates', 'sources', 'attempts', 'journal'].map((table) => `kiln.${table}`).join(', ');
const START = Date.parse('2026-01-01T00:00:00.000Z');

const judging = (name: string) => ({
  candidateId: idOf(name),
  state: { status: 'judging' as const, hostId: HOST, deviceId: DEVICE, attemptId: attempt(name).attemptId },
  event: event('candidate.judging', name),
});
const completion = (name: string) => ({ candidateId: idOf(name), outcome: passed, score: score(2), record: false });
const types = async (store: Store): Promise<string[]> => (await store.events({ after: 0, limit: 1000 })).map(({ type }) => type);

/** What every store must do to stay small and fast, over any database. */
export const describeUpkeep = (name: string, open: () => Sql): void => {
  const fresh = async (): Promise<{ readonly store: Store; readonly clock: { now: number } }> => {
    await open().script(`truncate ${TABLES} restart identity cascade`);
    const clock = { now: START };
    const store: Store = createStore(open(), { now: () => clock.now });
    onTestFinished(async () => store.close());
    return { store, clock };
  };

  describe(`a store on ${name}: writes in one transaction`, () => {
    test('are all there, in order', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a')]);
      await store.together(async (writes) => {
        await writes.recordTransitions([judging('a')]);
        await writes.recordAttempts([attempt('a')]);
        await writes.complete([completion('a')]);
      });
      expect(await store.candidate(idOf('a'))).toMatchObject({ state: { status: 'done' }, attempts: [{ verdict: 'passed' }] });
      expect(await types(store)).toEqual(['candidate.queued', 'candidate.judging', 'candidate.done']);
    });

    test('are none of them there when one fails', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a')]);
      const failing = store.together(async (writes) => {
        await writes.recordTransitions([judging('a')]);
        await writes.recordAttempts([attempt('a', 1, { verdict: 'wrong_answer' })]);
      });
      await expect(failing).rejects.toThrow('attempts_timings_when_passed');
      expect(await store.candidate(idOf('a'))).toMatchObject({ state: { status: 'queued' }, attempts: [] });
      expect(await types(store)).toEqual(['candidate.queued']);
    });
  });
};
