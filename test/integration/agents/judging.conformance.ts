import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { FleetView } from '../../../src/domain/api/fleet.ts';
import { QueueView } from '../../../src/domain/api/queue.ts';
import type { SubmitCandidate } from '../../../src/domain/api/candidates.ts';
import { CandidateId } from '../../../src/domain/ids.ts';
import type { Judging } from '../../../src/domain/ports/kiln.ts';
import { HANG_MS } from '../../support/limits.ts';

/** `candidate`: another one with each call, of `problem`; "verdict crashed" in its words is what becomes of it, otherwise it passes. */
export interface JudgingRig {
  readonly judging: Judging;
  readonly problem: string;
  readonly candidate: (words?: string) => z.output<typeof SubmitCandidate>;
}

const NOWHERE = CandidateId.parse(`c-${'f'.repeat(32)}`);

/** Asked again at each news of the journal. */
const done = async (judging: Judging, id: CandidateId) => {
  const late = AbortSignal.timeout(HANG_MS);
  for (;;) {
    const news = Promise.withResolvers<void>();
    const forget = judging.onEvents(news.resolve);
    late.addEventListener('abort', () => news.reject(new Error(`${id} was not judged within ${HANG_MS} ms`)));
    const candidate = await judging.candidate(id);
    if (candidate.state.status === 'done') return { ...candidate, outcome: candidate.state.outcome };
    await news.promise.finally(forget);
  }
};

/** What the engine is for agents, and what stands for it in their own tests: a device judges what is submitted. */
export const describeJudging = (name: string, open: () => JudgingRig): void => {
  const submitOne = async (words?: string) => {
    const { judging, candidate } = open();
    const input = candidate(words);
    const [submitted] = (await judging.submit([input])).candidates;
    if (!submitted) throw new Error('nothing was submitted');
    return { judging, input, ...submitted };
  };

  describe(`${name}, as agents use it`, () => {
    test('keeps what it is given, knows the same content again and hands its source out', async () => {
      const { judging, input, id, known, verdict } = await submitOne();
      expect([known, verdict]).toEqual([false, null]);
      await done(judging, id);
      const [again] = (await judging.submit([input])).candidates;
      expect(again).toMatchObject({ id, known: true, status: 'done', verdict: 'passed' });
      expect(await judging.source(id)).toEqual({ source: input.source, language: 'cuda' });
      const sourced = await judging.sourced([NOWHERE, id]);
      expect(sourced.map(({ candidate, source }) => [candidate.id, source])).toEqual([[id, input.source]]);
    });

    test('judges each to one verdict, and scores what passed', async () => {
      const right = await submitOne();
      const wrong = await submitOne('verdict crashed');
      const passed = await done(right.judging, right.id);
      expect([passed.outcome.verdict, passed.score !== null]).toEqual(['passed', true]);
      expect(passed.attempts.length).toBeGreaterThan(0);
      const crashed = await done(wrong.judging, wrong.id);
      expect([crashed.outcome.verdict, crashed.score]).toEqual(['crashed', null]);
    });

    test('tells of each candidate in order, of all or of one, from where one likes', async () => {
      const before = await open().judging.lastSequence();
      const { judging, id } = await submitOne('verdict crashed');
      await done(judging, id);
      const own = await judging.events({ after: before, limit: 1000, candidateId: id });
      expect([own[0]?.type, own.at(-1)?.type]).toEqual(['candidate.queued', 'candidate.done']);
      expect(own.at(-1)?.data).toMatchObject({ verdict: 'crashed' });
      expect(own.every(({ candidateId }) => candidateId === id)).toBe(true);
      const sequences = (await judging.events({ after: before, limit: 1000 })).map(({ sequence }) => sequence);
      expect(sequences.toSorted((one, other) => one - other)).toEqual(sequences);
      expect(Math.min(...sequences)).toBeGreaterThan(before);
      expect(await judging.events({ after: before, limit: 1 })).toHaveLength(1);
      expect(await judging.lastSequence()).toBeGreaterThanOrEqual(own.at(-1)?.sequence ?? Infinity);
    });

    test('tells those who listen that something happened, until they do not listen any more', async () => {
      let heard = 0;
      const forget = open().judging.onEvents(() => void (heard += 1));
      const { judging, id } = await submitOne();
      await done(judging, id);
      expect(heard).toBeGreaterThan(0);
      forget();
      heard = 0;
      await done(judging, (await submitOne()).id);
      expect(heard).toBe(0);
    });

    test('says NOT_FOUND of what is not there, and null of a profile that nobody asked for', async () => {
      const { judging } = open();
      const notFound = { code: 'NOT_FOUND' };
      await expect(judging.candidate(NOWHERE)).rejects.toMatchObject(notFound);
      await expect(judging.source(NOWHERE)).rejects.toMatchObject(notFound);
      await expect(judging.askProfile(NOWHERE)).rejects.toMatchObject(notFound);
      expect(() => judging.problem('nothing')).toThrow(expect.objectContaining(notFound));
      expect(() => judging.library('nothing')).toThrow(expect.objectContaining(notFound));
      await expect((async () => judging.ranking('nothing', { limit: 1 }))()).rejects.toMatchObject(notFound);
      expect(await judging.profile(NOWHERE)).toBeNull();
    });

    test('takes profiles of what passed, and shows problem, queue and fleet', async () => {
      const { judging, id } = await submitOne();
      await done(judging, id);
      await judging.askProfile(id);
      expect(await judging.profile(id)).toMatchObject({ candidateId: id });
      expect(judging.problem(open().problem).problem.name).toBe(open().problem);
      expect(judging.library(open().problem).problem).toBe(open().problem);
      const { stages } = QueueView.parse(await judging.queue());
      expect(Object.values(stages)).toEqual([0, 0, 0, 0, 0]);
      expect(FleetView.parse(await judging.fleet()).hosts.map(({ state }) => state)).toEqual(['connected']);
    });
  });
};
