import { describe, expect, test } from 'vitest';
import { AttemptId, HostId } from '../../../src/domain/ids.ts';
import { Candidate } from '../../../src/domain/candidate.ts';
import { JournalEvent } from '../../../src/domain/journal.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { ProgramContent } from '../../../src/domain/program.ts';
import type { Store } from '../../../src/domain/ports/store.ts';
import type { Sql } from '../../../src/store/sql.ts';
import {
  attempt,
  cancelled,
  candidate,
  completion,
  DEVICE,
  event,
  HOST,
  idOf,
  score,
  sweepIdOf,
  sweepOf,
  VERSION,
} from '../../support/builders.ts';
import { freshStore, START } from '../../support/fresh-store.ts';

const judging = (name: string | number, number = 1) => ({
  candidateId: idOf(name),
  state: { status: 'judging' as const, hostId: HOST, deviceId: DEVICE, attemptId: attempt(name, number).attemptId },
  event: event('candidate.judging', name),
});
const types = async (store: Store): Promise<string[]> => (await store.events({ after: 0, limit: 1000 })).map(({ type }) => type);

const ended = (name: string, outcome: Outcome) => ({ candidateId: idOf(name), outcome, score: null, record: false });

const BY_ANSWERS = { reason: 'its recording is wrong', recording: 'wrong_answer' } as const;
const goesOn = (name: string) => ({
  candidateId: idOf(name),
  state: { status: 'queued' as const },
  byAnswers: BY_ANSWERS,
  event: event('candidate.by_answers', name),
});

/** What every store must do, over any database. `open` gives the one migrated database of the suite. */
export const describeStore = (name: string, open: () => Sql): void => {
  const fresh = async () => freshStore(open());

  describe(`a store on ${name}: a program that goes on by its answers`, () => {
    test('is known to, with the reason, before its verdict and with it, until it is judged again', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a'), candidate('b')]);
      await store.writeTransitions([goesOn('a'), judging('a')]);
      expect(await store.pending([idOf('a')])).toMatchObject([{ byAnswers: BY_ANSWERS }]);
      expect(await store.pending([idOf('b')])).toMatchObject([{ byAnswers: null }]);
      await store.complete([ended('a', cancelled)]);
      expect(await store.candidate(idOf('a'))).toMatchObject({ byAnswers: BY_ANSWERS });
      // In one batch with its verdict.
      await store.writeProgress({ transitions: [goesOn('b')], completions: [completion('b', 2)] });
      expect(Candidate.parse(await store.candidate(idOf('b')))).toMatchObject({ byAnswers: BY_ANSWERS, score: { speedup: 2 } });
      await store.reopen([idOf('a')]);
      expect(await store.candidate(idOf('a'))).toMatchObject({ byAnswers: BY_ANSWERS });
      await store.rejudge([idOf('b')], 'somebody asked');
      expect(await store.candidate(idOf('b'))).toMatchObject({ byAnswers: null });
    });

    test('needs no word of it where it was submitted so', async () => {
      const { store } = await fresh();
      const program = ProgramContent.parse({
        entry: { file: 'a.py', symbol: 'run', style: 'function' },
        prefer: 'program',
        environmentKey: null,
      });
      await store.insertCandidates([candidate('a', { content: { language: 'python', program } })]);
      const asked = { reason: 'it was submitted to be judged by its answers', recording: null };
      expect(await store.pending([idOf('a')])).toMatchObject([{ byAnswers: asked }]);
      expect(await store.candidate(idOf('a'))).toMatchObject({ byAnswers: asked });
    });
  });

  describe(`a store on ${name}: intake`, () => {
    test('inserts what is new, in order, and says what was known', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a')]);
      const answer = await store.insertCandidates([candidate('b'), candidate('a'), candidate('b')]);
      expect(answer.map(({ known }) => known)).toEqual([false, true, true]);
      expect(answer.map(({ state }) => state.status)).toEqual(['queued', 'queued', 'queued']);
      expect(await types(store)).toEqual(['candidate.queued', 'candidate.queued']);
    });

    test('keeps a candidate whose verdict is known at once as done', async () => {
      const { store } = await fresh();
      const outcome: Outcome = { verdict: 'plan_error', field: 'launch', message: 'no grid' };
      const [inserted] = await store.insertCandidates([candidate('a', { outcome })]);
      expect(inserted).toEqual({ known: false, state: { status: 'done', outcome, finishedAt: new Date(START).toISOString() } });
      expect(await types(store)).toEqual(['candidate.queued', 'candidate.done']);
    });

    test('answers a known candidate with its verdict', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a')]);
      await store.complete([completion('a', 2)]);
      const [again] = await store.insertCandidates([candidate('a')]);
      expect(again).toMatchObject({ known: true, state: { status: 'done', outcome: { verdict: 'passed' } } });
    });

    test('gives records that the API accepts', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a', { labels: ['fast', 'nvlink'], submitter: 'grace', priority: 7 })]);
      await store.writeTransitions([judging('a')]);
      await store.writeAttempts([attempt('a')]);
      await store.complete([{ ...completion('a', 2), compileLog: 'warning: unused' }]);
      const record = Candidate.parse(await store.candidate(idOf('a')));
      expect(record.submission).toMatchObject({ labels: ['fast', 'nvlink'], submitter: 'grace', priority: 7, sourceBytes: 4 });
      expect(record).toMatchObject({ attempts: [attempt('a')], score: score(2), compileLog: 'warning: unused' });
    });

    test('gives the source back byte for byte, whatever it holds', async () => {
      const { store } = await fresh();
      const source = 'a\0b\u{1F525}\\u0000 "\'\r\n\u{FFFF}';
      await store.insertCandidates([candidate('a', { content: { source } }), candidate('b', { content: { source } })]);
      expect(await store.content(idOf('a'))).toEqual(candidate('a', { content: { source } }).submission.content);
      expect(await open().query('select 1 as one from kiln.sources')).toHaveLength(1);
    });

    test('reads many candidates with their sources at once, those that are there', async () => {
      const { store } = await fresh();
      const [a, b, c] = ['aa', 'bb', 'aa'].map((source, n) => candidate(n, { content: { source } }));
      if (!a || !b || !c) throw new Error('three candidates were made');
      await store.insertCandidates([a, b, c]);
      const found = await store.sourced([idOf(0), idOf(1), idOf(2), idOf('x')]);
      expect(new Map(found.map(({ candidate: one, source }) => [one.id, source]))).toEqual(
        new Map([
          [idOf(0), 'aa'],
          [idOf(1), 'bb'],
          [idOf(2), 'aa'],
        ]),
      );
      expect(found[0]?.candidate).toEqual(await store.candidate(found[0]?.candidate.id ?? idOf(0)));
      expect(await store.sourced([])).toEqual([]);
    });

    test('takes sources of many megabytes in one batch', async () => {
      const { store } = await fresh();
      const large = Array.from({ length: 48 }, (_, n) => candidate(n, { content: { source: `${n}`.repeat(200_000) } }));
      await store.insertCandidates(large);
      expect((await store.content(idOf(47)))?.source).toHaveLength(400_000);
    });

    test('keeps text that Postgres refuses with a replacement character', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a', { submitter: 'nul\0' })]);
      await store.complete([
        { candidateId: idOf('a'), outcome: { verdict: 'compile_error', log: '\0 \ud800 \\u0000' }, score: null, record: false },
      ]);
      const record = await store.candidate(idOf('a'));
      expect(record?.submission.submitter).toBe('nul\u{FFFD}');
      expect(record?.state).toMatchObject({ outcome: { log: '\u{FFFD} \u{FFFD} \\u0000' } });
    });

    test('inserts nothing of a batch that fails', async () => {
      const { store } = await fresh();
      const broken = candidate('b');
      const poisoned = { ...broken, submission: { ...broken.submission, priority: Number.NaN } };
      await expect(store.insertCandidates([candidate('a'), poisoned])).rejects.toThrow(/priority/);
      expect(await store.candidate(idOf('a'))).toBeNull();
      expect(await store.lastSequence()).toBe(0);
    });
  });

  describe(`a store on ${name}: progress`, () => {
    test('applies transitions in order and journals each', async () => {
      const { store, clock } = await fresh();
      await store.insertCandidates([candidate('a')]);
      clock.now += 1000;
      await store.writeTransitions([
        {
          candidateId: idOf('a'),
          state: { status: 'compiling', hostId: HOST },
          event: event('candidate.compiling', 'a'),
          compileLog: 'log 1',
        },
        { candidateId: idOf('a'), state: { status: 'ready', hostId: HOST }, event: event('candidate.ready', 'a') },
        judging('a', 3),
        { candidateId: idOf('a'), state: { status: 'queued' }, event: event('candidate.requeued', 'a'), infraFailure: true },
      ]);
      expect(await types(store)).toEqual([
        'candidate.queued',
        'candidate.compiling',
        'candidate.ready',
        'candidate.judging',
        'candidate.requeued',
      ]);
      expect(await store.candidate(idOf('a'))).toMatchObject({
        state: { status: 'queued' },
        compileLog: 'log 1',
        infraFailures: 1,
        updatedAt: new Date(START + 1000).toISOString(),
      });
      const [unfinished] = await store.pending([idOf('a')]);
      expect(unfinished).toMatchObject({ attempts: 3, infraFailures: 1, submittedAtMs: START });
    });

    test('drops a transition of a candidate that is done, with its event', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a'), candidate('b')]);
      await store.complete([completion('a', 2)]);
      await store.writeTransitions([judging('a'), judging('b')]);
      expect((await store.candidate(idOf('a')))?.state.status).toBe('done');
      expect((await store.candidate(idOf('b')))?.state.status).toBe('judging');
      expect((await types(store)).filter((type) => type === 'candidate.judging')).toHaveLength(1);
    });

    test('writes an attempt once', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a')]);
      await store.writeAttempts([
        attempt('a', 10),
        attempt('a', 2, { startedAt: null, infra: 'host lost', verdict: null, timings: [], judgedBy: 'answers' }),
      ]);
      await store.writeAttempts([attempt('a', 10, { hostId: HostId.parse('other') })]);
      const record = Candidate.parse(await store.candidate(idOf('a')));
      expect(record.attempts.map(({ attemptId }) => attemptId)).toEqual([attempt('a', 2).attemptId, attempt('a', 10).attemptId]);
      expect(record.attempts.map(({ hostId }) => hostId)).toEqual([HOST, HOST]);
      expect(record.attempts.map(({ judgedBy }) => judgedBy)).toEqual(['answers', undefined]);
    });

    test('completes a candidate once and journals it in the same transaction', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a'), candidate('b')]);
      await store.writeTransitions([judging('a')]);
      expect(await store.complete([completion('a', 2, true), completion('a', 3), completion('b', 1)])).toEqual([
        idOf('a'),
        idOf('b'),
      ]);
      expect(await store.complete([completion('a', 9, true)])).toEqual([]);
      expect((await store.candidate(idOf('a')))?.score?.rankKey).toBe(2);
      const events = await store.events({ after: 3, limit: 10 });
      expect(events.map(({ type, candidateId }) => [type, candidateId])).toEqual([
        ['candidate.done', idOf('a')],
        ['candidate.record', idOf('a')],
        ['candidate.done', idOf('b')],
      ]);
      expect(events[0]).toMatchObject({ hostId: HOST, data: { verdict: 'passed', problem: 'softmax', speedup: 2 } });
    });

    test('lets no done row change, and no score or timing stand beside a failure', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a'), candidate('b')]);
      await store.complete([completion('a', 2)]);
      const sql = open();
      await expect(sql.query(`update kiln.candidates set compile_log = 'x' where id = $1`, [idOf('a')])).rejects.toThrow(
        /is done/,
      );
      await expect(sql.query('delete from kiln.candidates where id = $1', [idOf('a')])).rejects.toThrow(/is done/);
      await expect(
        store.complete([{ candidateId: idOf('b'), outcome: cancelled, score: score(2), record: false }]),
      ).rejects.toThrow(/candidates_score_when_passed/);
      await expect(store.writeAttempts([attempt('b', 1, { verdict: 'wrong_answer' })])).rejects.toThrow(
        /attempts_timings_when_passed/,
      );
      expect((await store.candidate(idOf('b')))?.state.status).toBe('queued');
    });

    test('reopens what was cancelled or lost to infrastructure, and nothing else', async () => {
      const { store } = await fresh();
      await store.insertCandidates(['a', 'b', 'c', 'd'].map((name_) => candidate(name_)));
      await store.writeTransitions([judging('a', 4)]);
      await store.complete([ended('a', cancelled), ended('b', { verdict: 'infra_failed', message: 'lost' }), completion('c', 2)]);
      const reopened = await store.reopen(['a', 'b', 'c', 'd'].map(idOf));
      expect(new Set(reopened)).toEqual(new Set([idOf('a'), idOf('b')]));
      expect((await store.candidate(idOf('a')))?.state).toEqual({ status: 'queued' });
      expect((await store.pending([idOf('a'), idOf('c')])).map(({ id, attempts }) => [id, attempts])).toEqual([[idOf('a'), 4]]);
      const asked = ['candidate.queued_again', 'candidate.done'] as const;
      const events = await store.events({ after: 0, limit: 100, types: asked });
      expect(events.map(({ type, candidateId }) => [type, candidateId])).toEqual([
        ...['a', 'b', 'c'].map((one) => ['candidate.done', idOf(one)]),
        ...reopened.map((id) => ['candidate.queued_again', id]),
      ]);
    });

    test('pages through what is not done in submission order, also within one millisecond', async () => {
      const { store } = await fresh();
      const names = Array.from({ length: 7 }, (_, n) => n);
      await store.insertCandidates(names.map((n) => candidate(n, { labels: ['x'] })));
      await store.complete([completion(2, 1)]);
      const first = await store.unfinished(3, null);
      const rest = await store.unfinished(10, first.at(-1) ?? null);
      expect([...first, ...rest].map(({ id }) => id)).toEqual([0, 1, 3, 4, 5, 6].map(idOf));
      expect(first[0]).toEqual({ id: idOf(0), priority: 100 });
    });
  });

  describe(`a store on ${name}: what people read`, () => {
    test('counts what is not done by device and submitter, with the oldest submission', async () => {
      const { store, clock } = await fresh();
      await store.insertCandidates([candidate('a'), candidate('b')]);
      clock.now += 5000;
      await store.insertCandidates([candidate('c', { submitter: 'grace' }), candidate('d')]);
      await store.complete([completion('d', 1)]);
      const backlog = await store.backlog();
      expect(backlog.oldestSubmittedAtMs).toBe(START);
      expect(backlog.rows.toSorted((one, two) => one.submitter.localeCompare(two.submitter))).toEqual([
        { device: 'H100', submitter: 'ada', count: 2 },
        { device: 'H100', submitter: 'grace', count: 1 },
      ]);
    });

    test('lists newest first by every filter, page by page', async () => {
      const { store } = await fresh();
      await store.insertCandidates([
        candidate('a'),
        candidate('b', { submitter: 'grace' }),
        candidate('c', { content: { problem: 'matmul', device: 'cpu' } }),
      ]);
      await store.complete([completion('a', 2)]);
      const list = async (filter: Partial<Parameters<Store['candidates']>[0]>) =>
        (await store.candidates({ limit: 10, ...filter })).candidates.map(({ id }) => id);
      expect(await list({})).toEqual(['c', 'b', 'a'].map(idOf));
      expect(await list({ submitter: 'grace', status: 'queued' })).toEqual([idOf('b')]);
      expect(await list({ problem: 'matmul', device: 'cpu' })).toEqual([idOf('c')]);
      expect(await list({ verdict: 'passed' })).toEqual([idOf('a')]);
      const page = await store.candidates({ limit: 2 });
      expect(await list({ cursor: page.next ?? 'none' })).toEqual([idOf('a')]);
      expect((await store.candidates({ limit: 3 })).next).toBeNull();
      await expect(store.candidates({ limit: 1, cursor: `1'; drop table kiln.journal` })).rejects.toThrow(/cursor/);
    });

    test('counts failures by verdict', async () => {
      const { store } = await fresh();
      await store.insertCandidates(['a', 'b', 'c'].map((name_) => candidate(name_)));
      const crashed: Outcome = { verdict: 'crashed', case: 'small', message: 'illegal access' };
      await store.complete([
        completion('a', 1),
        ...['b', 'c'].map((name_) => ({ candidateId: idOf(name_), outcome: crashed, score: null, record: false })),
      ]);
      expect(await store.failures('softmax', [VERSION], null)).toEqual({ crashed: 2 });
      expect(await store.failures('softmax', [VERSION], 'h100')).toEqual({ crashed: 2 });
      expect(await store.failures('softmax', [VERSION], 'cpu')).toEqual({});
      expect(await store.failures('softmax', ['v0'], null)).toEqual({});
    });

    test('finds ids by their beginning, of each kind', async () => {
      const { store } = await fresh();
      await store.insertCandidates(['a', 'b', 'c'].map((name_) => candidate(name_)));
      const id = sweepIdOf('grid');
      await store.createSweep(sweepOf('grid'));
      expect(await store.idsWithPrefix('c-', 9)).toEqual(['a', 'b', 'c'].map(idOf).toSorted());
      expect(await store.idsWithPrefix('c-', 2)).toEqual(['a', 'b', 'c'].map(idOf).toSorted().slice(0, 2));
      const whole = idOf('b');
      for (const prefix of [whole, whole.slice(0, -1), whole.slice(0, 12)]) {
        expect(await store.idsWithPrefix(prefix, 9)).toEqual([whole]);
      }
      expect(await store.idsWithPrefix(id.slice(0, 8), 9)).toEqual([id]);
      expect(await store.idsWithPrefix('k-00', 9)).toEqual([]);
      expect(await store.idsWithPrefix(`${whole}%`, 9)).toEqual([]);
    });

    test('gives the journal in order, from any point, of all or of one candidate, every event or those of some types', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a'), candidate('b')]);
      await store.appendEvents([event('daemon.started'), event('candidate.ready', 'a')]);
      const all = (await store.events({ after: 0, limit: 10 })).map((entry) => JournalEvent.parse(entry));
      expect(all.map(({ type }) => type)).toEqual(['candidate.queued', 'candidate.queued', 'daemon.started', 'candidate.ready']);
      expect(await store.lastSequence()).toBe(all.at(-1)?.sequence);
      expect(await store.events({ after: all[1]?.sequence ?? 0, limit: 1 })).toEqual([all[2]]);
      expect((await store.events({ after: 0, limit: 10, candidateId: idOf('a') })).map(({ type }) => type)).toEqual([
        'candidate.queued',
        'candidate.ready',
      ]);
      const wanted = ['candidate.ready', 'daemon.started'] as const;
      expect(await store.events({ after: 0, limit: 10, types: wanted })).toEqual(all.slice(2));
      expect(await store.events({ after: 0, limit: 1, types: wanted, candidateId: idOf('a') })).toEqual([all[3]]);
    });

    test('never shows a later event before an earlier one, whoever writes', async () => {
      const { store } = await fresh();
      const WRITERS = 8;
      const ROUNDS = 25;
      const seen: number[] = [];
      const writing = { isOver: false };
      const reader = (async () => {
        while (!writing.isOver || seen.length < WRITERS * ROUNDS) {
          const events = await store.events({ after: seen.at(-1) ?? 0, limit: 1000 });
          seen.push(...events.map(({ sequence }) => sequence));
        }
      })();
      const writer = async (): Promise<void> => {
        for (let round = 0; round < ROUNDS; round += 1) await store.appendEvents([event('device.changed')]);
      };
      await Promise.all(Array.from({ length: WRITERS }, writer));
      writing.isOver = true;
      await reader;
      expect(seen).toHaveLength(WRITERS * ROUNDS);
    });
  });

  test(`attempt ids of the suite on ${name} are what the domain says`, () => {
    expect(AttemptId.safeParse(attempt('a').attemptId).success).toBe(true);
  });
};
