/** The engine as contexts see it, over the problems that Kiln ships: answers from memory, and counts what it is asked. */
import type { ContextDeps } from '../../../src/agents/context/build-context.ts';
import type { RankingView } from '../../../src/domain/api/problems.ts';
import { KilnError } from '../../../src/domain/errors.ts';
import { CandidateId } from '../../../src/domain/ids.ts';
import type { LibraryTime } from '../../../src/domain/library.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { Profile } from '../../../src/domain/profile.ts';
import { Candidate } from '../../../src/domain/candidate.ts';
import { type Score } from '../../../src/domain/ranking/ranking.ts';
import { loadProblems } from '../../../src/problems/load-problems.ts';
import { fleetOf } from './fleet.ts';

export const problems = loadProblems('kernels');
export const H100 = 'NVIDIA H100 80GB HBM3';
const AT = '2026-01-01T00:00:00.000Z';
const STATISTICS = { runs: 10, batch: 1, medianNs: 100, trimmedMeanNs: 100, minNs: 99, p95Ns: 102, ciLowNs: 99, ciHighNs: 101 };

export const idOf = (n: number): CandidateId => CandidateId.parse(`c-${n.toString(16).padStart(32, '0')}`);

export const PASSED: Outcome = {
  verdict: 'passed',
  checkedCases: 3,
  timings: [
    {
      case: '4M',
      candidate: STATISTICS,
      baseline: { ...STATISTICS, medianNs: 150 },
      method: 'paired',
      speedup: 1.5,
      speedupLow: 1.49,
      speedupHigh: 1.51,
    },
  ],
};

export const candidateOf = (n: number, outcome: Outcome): Candidate =>
  Candidate.parse({
    id: idOf(n),
    submission: {
      problem: 'vector_add',
      language: 'cuda',
      params: { BLOCK: 512 },
      device: 'H100',
      trial: 0,
      sourceBytes: 10,
      priority: 100,
      submitter: 'campaign',
      labels: [],
      sweepId: null,
    },
    state: { status: 'done', outcome, finishedAt: AT },
    attempts: [],
    score: outcome.verdict === 'passed' ? scoreOf(1.5) : null,
    compileLog: '',
    infraFailures: 0,
    submittedAt: AT,
    updatedAt: AT,
  });

const scoreOf = (speedup: number): Score => ({
  speedup,
  speedupLow: speedup,
  speedupHigh: speedup,
  timeNs: 100,
  floorShare: 0.62,
  deviceModel: H100,
  rankKey: speedup,
  confirmed: true,
  method: 'paired',
  judgements: 1,
  pair: null,
});

const rankingOf = (
  ranked: readonly { readonly n: number; readonly record: boolean; readonly model?: string }[],
): RankingView => ({
  problem: 'vector_add',
  versions: [],
  class: 'device',
  failed: {},
  models: [...Map.groupBy(ranked, ({ model }) => model ?? H100)].map(([deviceModel, entries]) => ({
    deviceModel,
    device: 'H100',
    note: null,
    entries: entries.map(({ n, record }, at) => ({
      fasterByTime: false,
      place: at + 1,
      candidateId: idOf(n),
      language: 'cuda',
      params: {},
      submitter: 'campaign',
      score: scoreOf(2 - at / 10),
      record,
      finishedAt: AT,
    })),
  })),
});

export const createFakeJudging = () => {
  const state = {
    candidates: new Map<CandidateId, Candidate>(),
    profiles: new Map<CandidateId, Profile>(),
    ranked: [] as { readonly n: number; readonly record: boolean; readonly model?: string }[],
    fleet: fleetOf([]),
    library: [] as readonly LibraryTime[],
    asked: { candidate: 0, ranking: 0, fleet: 0, problem: 0 },
  };
  const judging: ContextDeps['judging'] = {
    problem: (name) => {
      state.asked.problem += 1;
      const found = problems.get(name);
      if (!found) throw new KilnError('NOT_FOUND', `there is no problem "${name}"`);
      return { problem: found.problem, readme: found.readme, files: { ...found.files } };
    },
    library: (name) => ({ problem: name, program: 'library.py', models: [...state.library] }),
    candidate: async (id) => {
      state.asked.candidate += 1;
      const found = state.candidates.get(id);
      if (!found) throw new KilnError('NOT_FOUND', `there is no candidate "${id}"`);
      return Promise.resolve(found);
    },
    source: async (id) => Promise.resolve({ source: sourceOf(id), language: 'cuda' }),
    profile: async (id) => Promise.resolve(state.profiles.get(id) ?? null),
    ranking: async () => {
      state.asked.ranking += 1;
      return Promise.resolve(rankingOf(state.ranked));
    },
    fleet: async () => {
      state.asked.fleet += 1;
      return Promise.resolve(state.fleet);
    },
  };
  return { judging, state };
};

/** Declares two params, of which the records' submissions set one. */
export const sourceOf = (id: CandidateId): string =>
  `/* kiln\nparams: {BLOCK: 256, UNROLL: 4}\nlaunch:\n  - {kernel: f, args: [out]}\n*/\n// ${id}\n`;
