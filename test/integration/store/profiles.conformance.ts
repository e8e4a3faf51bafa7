import { describe, expect, onTestFinished, test } from 'vitest';
import { Profile, type ProfileSummary } from '../../../src/domain/profile.ts';
import { Candidate } from '../../../src/domain/candidate.ts';
import type { Store } from '../../../src/domain/ports/store.ts';
import { createStore } from '../../../src/store/store.ts';
import type { Sql } from '../../../src/store/sql.ts';
import { candidate, event, HOST, idOf, MODEL, passed, score } from '../../support/builders.ts';

const TABLES = ['candidates', 'sources', 'journal', 'profiles'].map((table) => `kiln.${table}`).join(', ');
const START = Date.parse('2026-01-01T00:00:00.000Z');
const RESOURCES = { softmax: { registers: 40, sharedBytes: 1024, spillBytes: 0 } };
const SUMMARY: ProfileSummary = { source: 'binary', note: 'no ncu', case: 'large', deviceModel: MODEL, kernels: [] };
const done = (name: string, raw: Uint8Array | null = null) => ({
  candidateId: idOf(name),
  state: { status: 'done' as const, summary: SUMMARY, rawBytes: raw?.length ?? 0 },
  raw,
  hostId: HOST,
});
const failed = (name: string) => ({
  candidateId: idOf(name),
  state: { status: 'failed' as const, message: 'no GPU' },
  raw: null,
  hostId: null,
});

/** What every store must do with profiles, over any database. */
export const describeProfiles = (name: string, open: () => Sql): void => {
  const fresh = async (): Promise<{ readonly store: Store; readonly clock: { now: number } }> => {
    await open().script(`truncate ${TABLES} restart identity cascade`);
    const clock = { now: START };
    const store: Store = createStore(open(), { now: () => clock.now });
    onTestFinished(async () => store.close());
    await store.insertCandidates([candidate('a'), candidate('b')]);
    return { store, clock };
  };

  describe(`a store on ${name}: profiles`, () => {
    test('keeps what waits in the order it was asked for', async () => {
      const { store, clock } = await fresh();
      expect(await store.profile(idOf('a'))).toBeNull();
      expect(await store.askProfiles([idOf('b'), idOf('b')], { again: false })).toEqual([idOf('b')]);
      clock.now += 1000;
      await store.askProfiles([idOf('a')], { again: true });
      clock.now += 1000;
      expect(await store.askProfiles([idOf('b')], { again: true })).toEqual([idOf('b')]);
      expect(await store.waitingProfiles(10)).toEqual([idOf('b'), idOf('a')]);
      expect(await store.waitingProfiles(1)).toEqual([idOf('b')]);
      const profile = Profile.parse(await store.profile(idOf('b')));
      expect(profile).toMatchObject({ state: { status: 'waiting' }, askedAt: new Date(START).toISOString() });
    });

    test('keeps the summary and the report byte for byte, and tells the journal once', async () => {
      const { store, clock } = await fresh();
      const report = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
      await store.askProfiles([idOf('a')], { again: false });
      clock.now += 1000;
      expect(await store.finishProfile(done('a', report))).toBe(true);
      expect(await store.finishProfile(failed('a'))).toBe(false);
      expect(Profile.parse(await store.profile(idOf('a')))).toMatchObject({
        state: { status: 'done', summary: SUMMARY, rawBytes: report.length },
        updatedAt: new Date(START + 1000).toISOString(),
      });
      expect(Buffer.compare((await store.profileReport(idOf('a'))) ?? new Uint8Array(), report)).toBe(0);
      const events = await store.events({ after: 0, limit: 100, candidateId: idOf('a') });
      expect(events.filter(({ type }) => type === 'profile.done')).toMatchObject([
        { hostId: HOST, data: { status: 'done', source: 'binary' } },
      ]);
    });

    test('profiles again what failed, and what is done only when asked to', async () => {
      const { store } = await fresh();
      await store.askProfiles([idOf('a'), idOf('b')], { again: false });
      await store.finishProfile(done('a', Uint8Array.of(1, 2)));
      await store.finishProfile(failed('b'));
      expect(await store.askProfiles([idOf('a'), idOf('b')], { again: false })).toEqual([idOf('b')]);
      expect(await store.profileReport(idOf('a'))).toEqual(Buffer.of(1, 2));
      expect(await store.askProfiles([idOf('a')], { again: true })).toEqual([idOf('a')]);
      expect(await store.profileReport(idOf('a'))).toBeNull();
    });

    test('keeps what the compiler told of the kernels', async () => {
      const { store } = await fresh();
      expect(Candidate.parse(await store.candidate(idOf('a'))).resources).toBeNull();
      const ready = { candidateId: idOf('a'), state: { status: 'ready' as const, hostId: HOST } };
      await store.writeTransitions([{ ...ready, resources: RESOURCES, event: event('candidate.ready', 'a') }]);
      await store.writeTransitions([{ ...ready, resources: null, event: event('candidate.ready', 'a') }]);
      expect(Candidate.parse(await store.candidate(idOf('a'))).resources).toEqual(RESOURCES);
      await store.complete([
        { candidateId: idOf('b'), outcome: passed, score: score(2), record: false, resources: RESOURCES },
        { candidateId: idOf('a'), outcome: passed, score: score(1), record: false },
      ]);
      expect((await store.candidate(idOf('b')))?.resources).toEqual(RESOURCES);
      expect((await store.candidate(idOf('a')))?.resources).toEqual(RESOURCES);
    });
  });
};
