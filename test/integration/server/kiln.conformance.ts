import { describe, expect, onTestFinished, test } from 'vitest';
import type { z } from 'zod';
import { SubmitCandidate } from '../../../src/domain/api/candidates.ts';
import { CandidateId, HostId, SweepId } from '../../../src/domain/ids.ts';
import type { Kiln } from '../../../src/domain/ports/kiln.ts';

const NOWHERE = CandidateId.parse(`c-${'f'.repeat(32)}`);
let trials = 0;

const sourceOf = (index: number): string => `/* kiln
params: {BLOCK: 256}
launch:
  - kernel: vector_add
    grid: ["ceil_div(n, BLOCK)"]
    block: [BLOCK]
    args: [a, b, out, n]
*/
// ${index}`;

/** Another one with each call. */
const candidate = (change: Partial<SubmitCandidate> = {}): z.output<typeof SubmitCandidate> => {
  trials += 1;
  return SubmitCandidate.parse({ problem: 'vector_add', source: sourceOf(trials), submitter: 'somebody', ...change });
};

const submitOne = async (kiln: Kiln, input = candidate()): Promise<CandidateId> => {
  const { candidates } = await kiln.submit([input]);
  const [submitted] = candidates;
  if (!submitted) throw new Error('nothing was submitted');
  return submitted.id;
};

/** What every Kiln does for the server: the engine, and what stands for it in the server's own tests. No host is there. */
export const describeKiln = (name: string, kilnOf: () => Kiln): void => {
  describe(`${name}, as the server uses it`, () => {
    test('keeps what it is given, and knows the same content again', async () => {
      const kiln = kilnOf();
      const input = candidate();
      const [first] = (await kiln.submit([input])).candidates;
      expect(first).toMatchObject({ known: false, verdict: null });
      const again = await kiln.submit([input, candidate()]);
      expect(again.candidates.map(({ known }) => known)).toEqual([true, false]);
      const id = first?.id ?? NOWHERE;
      expect(again.candidates[0]?.id).toBe(id);
      const record = await kiln.candidate(id);
      expect(record).toMatchObject({
        id,
        attempts: [],
        score: null,
        submission: { problem: 'vector_add', submitter: 'somebody' },
      });
      expect(await kiln.source(id)).toEqual({ source: input.source, language: 'cuda' });
      const sourced = await kiln.sourced([id, NOWHERE]);
      expect(sourced.map((one) => [one.candidate.id, one.source])).toEqual([[id, input.source]]);
    });

    test('pauses, resumes, reprioritises and cancels what is selected, and says why the others stay as they are', async () => {
      const kiln = kilnOf();
      const submitter = `steered-${(trials += 1)}`;
      const [one, two] = [await submitOne(kiln, candidate({ submitter })), await submitOne(kiln, candidate({ submitter }))];
      const select = { submitter };
      const dry = await kiln.steer('pause', { select, dryRun: true });
      expect(dry).toMatchObject({ action: 'pause', dryRun: true, matched: 2, changed: 2, unchanged: [] });
      expect(dry.candidates.map(({ id }) => id).toSorted()).toEqual([one, two].toSorted());
      expect((await kiln.candidate(one)).paused).toBeNull();
      await kiln.steer('pause', { select: { ids: [one] }, dryRun: false, reason: 'lunch' });
      expect((await kiln.candidate(one)).paused).toMatchObject({ reason: 'lunch' });
      expect(await kiln.why(one)).toMatchObject({ code: 'paused', status: 'queued' });
      expect(await kiln.steer('pause', { select, dryRun: false })).toMatchObject({
        matched: 2,
        changed: 1,
        unchanged: [{ reason: 'they are paused already', count: 1 }],
      });
      expect(await kiln.steer('resume', { select: { submitter, problem: 'vector_add' }, dryRun: false })).toMatchObject({
        changed: 2,
      });
      await kiln.steer('reprioritise', { select: { ids: [two] }, dryRun: false, priority: 7 });
      expect((await kiln.candidate(two)).submission.priority).toBe(7);
      expect(await kiln.why(two)).toMatchObject({ code: 'no_host_of_class', devices: [], eta: null });
      expect(await kiln.steer('cancel', { select, dryRun: false })).toMatchObject({ matched: 2, changed: 2 });
      await expect.poll(async () => (await kiln.candidate(one)).state.status).toBe('done');
      expect(await kiln.steer('cancel', { select: { ids: [one] }, dryRun: false })).toMatchObject({
        matched: 1,
        changed: 0,
        unchanged: [{ reason: 'they are done', count: 1 }],
      });
      expect((await kiln.why(one)).status).toBe('done');
      expect(await kiln.steer('rejudge', { select: { ids: [one] }, dryRun: false, reason: 'why not' })).toMatchObject({
        changed: 1,
      });
      expect((await kiln.candidate(one)).state.status).toBe('queued');
    });

    test('changes nothing where one of the candidates, the sweep or the campaign is not there', async () => {
      const kiln = kilnOf();
      const id = await submitOne(kiln);
      const notFound = { code: 'NOT_FOUND' };
      await expect(kiln.steer('pause', { select: { ids: [id, NOWHERE] }, dryRun: false })).rejects.toMatchObject(notFound);
      await expect(kiln.why(NOWHERE)).rejects.toMatchObject(notFound);
      const sweep = SweepId.parse(`s-${'f'.repeat(16)}`);
      await expect(kiln.steer('pause', { select: { sweep }, dryRun: true })).rejects.toMatchObject(notFound);
      expect((await kiln.candidate(id)).paused).toBeNull();
    });

    test('says NOT_FOUND of a candidate, a problem and a host that are not there', async () => {
      const kiln = kilnOf();
      const notFound = { code: 'NOT_FOUND' };
      await expect(kiln.candidate(NOWHERE)).rejects.toMatchObject(notFound);
      await expect(kiln.source(NOWHERE)).rejects.toMatchObject(notFound);
      await expect(kiln.cancel(NOWHERE)).rejects.toMatchObject(notFound);
      await expect(kiln.askProfile(NOWHERE)).rejects.toMatchObject(notFound);
      expect(() => kiln.problem('nothing')).toThrow(expect.objectContaining(notFound));
      expect(() => kiln.library('nothing')).toThrow(expect.objectContaining(notFound));
      await expect((async () => kiln.ranking('nothing', { limit: 1 }))()).rejects.toMatchObject(notFound);
      const host = HostId.parse('nowhere');
      await expect((async () => kiln.resumeHost(host))()).rejects.toMatchObject(notFound);
      await expect((async () => kiln.refreshHosts(host))()).rejects.toMatchObject(notFound);
      expect(await kiln.profile(NOWHERE)).toBeNull();
      expect(await kiln.profileReport(NOWHERE)).toBeNull();
    });

    test('refuses a batch with an unknown problem whole', async () => {
      const kiln = kilnOf();
      const good = candidate();
      await expect(kiln.submit([good, candidate({ problem: 'nothing' })])).rejects.toMatchObject({ code: 'UNKNOWN_PROBLEM' });
      expect((await kiln.submit([good])).candidates[0]?.known).toBe(false);
    });

    test('cancels what is not done, once', async () => {
      const kiln = kilnOf();
      const id = await submitOne(kiln);
      await kiln.cancel(id);
      await expect
        .poll(async () => (await kiln.candidate(id)).state)
        .toMatchObject({ status: 'done', outcome: { verdict: 'cancelled' } });
      await expect(kiln.cancel(id)).rejects.toMatchObject({ code: 'ALREADY_DONE' });
    });

    test('writes the journal in order and tells those who listen, until they do not', async () => {
      const kiln = kilnOf();
      const after = await kiln.lastSequence();
      const heard = Promise.withResolvers<void>();
      const stop = kiln.onEvents(() => heard.resolve());
      onTestFinished(stop);
      const ids = [await submitOne(kiln), await submitOne(kiln)];
      await heard.promise;
      const events = await kiln.events({ after, limit: 1000 });
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map(({ sequence }) => sequence).toSorted((a, b) => a - b));
      const queued = events.filter(({ type }) => type === 'candidate.queued').map(({ candidateId }) => candidateId);
      expect(queued).toEqual(ids);
      const [, second = NOWHERE] = ids;
      const own = await kiln.events({ after, limit: 1, candidateId: second });
      expect(own).toMatchObject([{ type: 'candidate.queued', candidateId: second }]);
      expect(await kiln.lastSequence()).toBeGreaterThanOrEqual(own[0]?.sequence ?? Infinity);
      expect(await kiln.events({ after: await kiln.lastSequence(), limit: 1000 })).toEqual([]);
    });

    test('finds ids by their beginning, in order, as many as are asked for', async () => {
      const kiln = kilnOf();
      const ids = [await submitOne(kiln), await submitOne(kiln), await submitOne(kiln)];
      const all = await kiln.idsWithPrefix('c-', 1000);
      expect(all).toEqual(all.toSorted());
      expect(all).toEqual(expect.arrayContaining(ids));
      expect(await kiln.idsWithPrefix('c-', 2)).toEqual(all.slice(0, 2));
      expect(await kiln.idsWithPrefix(ids[1] ?? '', 2)).toEqual([ids[1]]);
    });

    test('lists a submitter’s candidates and says whether there are more', async () => {
      const kiln = kilnOf();
      const submitter = `lister-${trials}`;
      const ids = [await submitOne(kiln, candidate({ submitter })), await submitOne(kiln, candidate({ submitter }))];
      const all = await kiln.candidates({ submitter, limit: 10 });
      expect(all.candidates.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
      expect(all.next).toBeNull();
      expect((await kiln.candidates({ submitter, limit: 1 })).next).not.toBeNull();
    });

    test('says of a candidate which sweep it is a point of', async () => {
      const kiln = kilnOf();
      const sweepId = SweepId.parse(`s-${'e'.repeat(16)}`);
      const { candidates } = await kiln.submit([{ ...candidate(), params: { BLOCK: 64 } }], sweepId);
      const id = candidates[0]?.id ?? NOWHERE;
      expect((await kiln.candidate(id)).submission).toMatchObject({ params: { BLOCK: 64 }, sweepId });
    });

    test('has a profile that waits once it was asked for', async () => {
      const kiln = kilnOf();
      const id = await submitOne(kiln);
      expect(await kiln.profile(id)).toBeNull();
      expect(await kiln.askProfile(id)).toMatchObject({ candidateId: id, state: { status: 'waiting' } });
      expect(await kiln.profile(id)).toMatchObject({ candidateId: id, state: { status: 'waiting' } });
      expect(await kiln.profileReport(id)).toBeNull();
    });

    test('names its problems, and is ready', async () => {
      const kiln = kilnOf();
      expect(kiln.problems().problems.map(({ name: one }) => one)).toContain('vector_add');
      expect(kiln.problem('vector_add').problem.name).toBe('vector_add');
      expect(await kiln.ranking('vector_add', { limit: 10 })).toMatchObject({ problem: 'vector_add' });
      expect(await kiln.notReady()).toBeNull();
      expect(await kiln.metrics()).toMatch(/^# (?:TYPE|HELP) kiln_/m);
    });
  });
};
