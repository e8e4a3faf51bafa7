/** Rows for the tests, valid by the domain's schemas (checked in the conformance suite). */
import { createHash } from 'node:crypto';
import { attemptIdOf, CandidateId, DeviceId, HostId, SweepId } from '../../src/domain/ids.ts';
import type { CandidateContent, Submission } from '../../src/domain/candidate.ts';
import type { CaseTiming } from '../../src/domain/measurement.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { FinishedAttempt } from '../../src/domain/attempt.ts';
import type { NewJournalEvent } from '../../src/domain/journal.ts';
import type { Score } from '../../src/domain/ranking/ranking.ts';
import type { RankingKey } from '../../src/domain/ports/store.ts';
import type { NewCandidate, Unfinished } from '../../src/domain/ports/store-rows.ts';
import { SubmitCandidate } from '../../src/domain/api/candidates.ts';
import type { NewSweep } from '../../src/domain/ports/sweeps.ts';
import { SweepSpec } from '../../src/domain/sweep/sweep.ts';

export const HOST = HostId.parse('box-1');
export const DEVICE = DeviceId.parse('GPU-0');
export const MODEL = 'NVIDIA H100 80GB HBM3';
export const VERSION = 'v1';
/** Of device code. */
export const RANKING: RankingKey = { problem: 'softmax', problemVersion: VERSION, deviceModel: MODEL, class: 'device' };

export const idOf = (name: string | number): CandidateId =>
  CandidateId.parse(`c-${createHash('sha256').update(String(name)).digest('hex').slice(0, 32)}`);
export const sweepIdOf = (name: string): SweepId =>
  SweepId.parse(`s-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`);

export const sweepOf = (name: string, spec: Partial<SweepSpec> = {}): NewSweep => ({
  id: sweepIdOf(name),
  spec: SweepSpec.parse({
    name,
    axes: { BLOCK: [64, 128, 256] },
    where: [],
    fixed: {},
    strategy: 'grid',
    seed: 1,
    maxRunning: null,
    budget: {},
    plateau: null,
    validPoints: 3,
    ...spec,
  }),
  candidate: SubmitCandidate.parse({ problem: 'softmax', source: '// "a" \\u0000 \u{1F525}', submitter: 'ada' }),
});

interface Wish extends Partial<Omit<Submission, 'content'>> {
  readonly content?: Partial<CandidateContent>;
  readonly outcome?: Outcome;
}

export const candidate = (name: string | number, { content, outcome, ...submission }: Wish = {}): NewCandidate => ({
  id: idOf(name),
  submission: {
    content: {
      problem: 'softmax',
      problemVersion: VERSION,
      language: 'cuda',
      source: `// ${name}`,
      params: { BLOCK: 256 },
      device: 'H100',
      trial: 0,
      ...content,
    },
    priority: 100,
    submitter: 'ada',
    labels: [],
    sweepId: null,
    ...submission,
  },
  outcome: outcome ?? null,
});

const side = { runs: 100, batch: 1, medianNs: 1000, trimmedMeanNs: 1000, minNs: 990, p95Ns: 1010, ciLowNs: 999, ciHighNs: 1001 };
export const timing: CaseTiming = {
  case: 'large',
  candidate: side,
  baseline: side,
  method: 'paired',
  speedup: 1.5,
  speedupLow: 1.49,
  speedupHigh: 1.51,
};
export const passed: Outcome = { verdict: 'passed', timings: [timing], checkedCases: 3 };
export const cancelled: Outcome = { verdict: 'cancelled' };

export const score = (rankKey: number, deviceModel: string = MODEL): Score => ({
  speedup: rankKey,
  speedupLow: rankKey,
  speedupHigh: rankKey,
  timeNs: 1000 / rankKey,
  floorShare: 0.5,
  deviceModel,
  rankKey,
  confirmed: false,
  method: 'paired',
  judgements: 1,
  pair: null,
});

/** Queued, and never tried. */
export const unfinished = ({ id, submission }: Pick<NewCandidate, 'id' | 'submission'>): Unfinished => ({
  id,
  submission,
  state: { status: 'queued' },
  attempts: 0,
  infraFailures: 0,
  submittedAtMs: 1,
  byAnswers: null,
});

/** Of a program that was judged by its answers. */
export const scoreByAnswers = (rankKey: number, deviceModel: string = MODEL): Score => ({
  ...score(rankKey, deviceModel),
  answers: { semantics: 'released', uncertaintyNs: 8400, share: 0.03 },
});

export const attempt = (name: string | number, number = 1, wish: Partial<FinishedAttempt> = {}): FinishedAttempt => ({
  attemptId: attemptIdOf(idOf(name), number),
  hostId: HOST,
  deviceId: DEVICE,
  deviceModel: MODEL,
  mode: 'screen',
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:00:01.000Z',
  verdict: 'passed',
  infra: null,
  timings: [timing],
  phases: { waitedMs: 1, idleGapMs: 0, loadMs: 1, checkMs: 1, measureMs: 1, lockMs: 0, totalMs: 3 },
  telemetry: null,
  ...wish,
});

export const event = (type: NewJournalEvent['type'], name?: string | number): NewJournalEvent => ({
  type,
  candidateId: name === undefined ? null : idOf(name),
  hostId: null,
  data: {},
});

export const completion = (name: string | number, rankKey: number, record = false) => ({
  candidateId: idOf(name),
  outcome: passed,
  score: score(rankKey),
  record,
});
