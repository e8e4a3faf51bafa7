/** An engine that knows the banks of its problems: each candidate has its verdict a moment after it was submitted. */
import { EventEmitter } from 'node:events';
import type { Candidate } from '../../../src/domain/candidate.ts';
import { CandidateId, hashOf } from '../../../src/domain/ids.ts';
import type { JournalEvent } from '../../../src/domain/journal.ts';
import type { Judging } from '../../../src/domain/ports/kiln.ts';
import { KilnError } from '../../../src/domain/errors.ts';
import { parseHeader } from '../../../src/problems/parse-header.ts';
import { loadProblem } from '../../../src/problems/load-problems.ts';
import { passed, score } from '../../../test/support/builders.ts';
import { FLEET } from '../../../test/support/server/fake-fleet.ts';
import type { Bank } from './bank.ts';

const MODEL = 'a processor';
const AT = '2026-01-01T00:00:00.000Z';

export const createBankJudging = (banks: readonly Bank[]): Judging => {
  const loaded = new Map(banks.map(({ problem }) => [problem, loadProblem(`kernels/${problem}`)]));
  const bankOf = (problem: string): Bank => {
    const bank = banks.find((one) => one.problem === problem);
    if (bank === undefined) throw new KilnError('NOT_FOUND', `there is no problem ${problem}`);
    return bank;
  };
  const known = new Map<CandidateId, { readonly candidate: Candidate; readonly source: string }>();
  const journal: JournalEvent[] = [];
  const news = new EventEmitter();
  const found = (id: CandidateId) => {
    const entry = known.get(id);
    if (entry === undefined) throw new KilnError('NOT_FOUND', `there is no candidate ${id}`);
    return entry;
  };
  const tell = (candidate: Candidate): void => {
    const { id, state, submission } = candidate;
    const verdict = state.status === 'done' ? state.outcome.verdict : null;
    journal.push({
      sequence: journal.length + 1,
      at: AT,
      type: 'candidate.done',
      candidateId: id,
      hostId: null,
      data: { verdict, device: submission.device },
    });
    news.emit('event');
  };
  return {
    submit: async (batch) => ({
      candidates: batch.map((input) => {
        const { problem, language, source, device, params: given } = input;
        const header = parseHeader(source, language);
        const params = { ...(header.ok ? header.plan.params : {}), ...given };
        const id = CandidateId.parse(`c-${hashOf({ problem, language, source, params, device }).slice(0, 32)}`);
        const isKnown = known.has(id);
        if (!isKnown) {
          const speedup = bankOf(problem).speedupOf(source, params);
          const candidate = candidateOf(id, { ...input, params }, speedup);
          known.set(id, { candidate, source });
          setImmediate(() => tell(candidate));
        }
        const { state } = found(id).candidate;
        return {
          id,
          known: isKnown,
          status: isKnown ? 'done' : 'queued',
          verdict: state.status === 'done' ? state.outcome.verdict : null,
          message: null,
        };
      }),
    }),
    candidate: async (id) => found(id).candidate,
    source: async (id) => ({ source: found(id).source, language: 'c' }),
    sourced: async (ids) => ids.filter((id) => known.has(id)).map((id) => found(id)),
    problem: (name) => {
      const { problem, readme, files } = loaded.get(name) ?? loadProblem(`kernels/${name}`);
      return { problem, readme, files: { ...files } };
    },
    library: (problem) => ({ problem, program: null, models: [] }),
    ranking: async (problem) => ({ problem, versions: [], class: 'device', models: [], failed: {} }),
    queue: async () => ({
      stages: { queued: 0, compiling: 0, ready: 0, judging: 0, confirming: 0 },
      byDevice: [{ device: 'cpu', waiting: 0, running: 0, paused: 0, slots: 1, blocked: null, etaSeconds: null }],
      bySubmitter: [],
      oldestSeconds: null,
      throughputPerSecond: 0,
      etaSeconds: null,
    }),
    fleet: async () => FLEET,
    profile: async () => null,
    askProfile: async () => null,
    events: async ({ after, limit }) => journal.slice(after, after + limit),
    lastSequence: async () => journal.length,
    onEvents: (listener) => {
      news.on('event', listener);
      return () => void news.off('event', listener);
    },
  };
};

type Input = Parameters<Judging['submit']>[0][number];

const candidateOf = (id: CandidateId, input: Input, speedup: number | null): Candidate => {
  const { problem, language, params, device, priority, submitter, source } = input;
  const crashed = { verdict: 'crashed', case: '4M', message: 'a fault' } as const;
  return {
    id,
    submission: {
      problem,
      language,
      params,
      device,
      trial: 0,
      sourceBytes: source.length,
      priority,
      submitter,
      labels: [],
      sweepId: null,
    },
    state: { status: 'done', outcome: speedup === null ? crashed : passed, finishedAt: AT },
    attempts: [],
    score: speedup === null ? null : score(speedup, MODEL),
    compileLog: '',
    resources: null,
    infraFailures: 0,
    paused: null,
    judgedAgain: null,
    byAnswers: null,
    submittedAt: AT,
    updatedAt: AT,
  };
};
