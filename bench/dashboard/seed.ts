/** A store with many candidates: a tenth of them, or one in `rankedEach`, passed and are ranked, and one holds the record. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { attemptIdOf, CandidateId, DeviceId, HostId } from '../../src/domain/ids.ts';
import type { NewCandidate } from '../../src/domain/ports/store-rows.ts';
import type { CaseTiming } from '../../src/domain/measurement.ts';
import { loadProblems } from '../../src/problems/load-problems.ts';
import { openEmbedded } from '../../src/store/pglite.ts';
import { createStore } from '../../src/store/store.ts';
import { vacuumWorn } from '../../src/store/vacuum.ts';

const BATCH = 1000;
const RANKED_EACH = 10;
const MODEL = 'NVIDIA H100 80GB HBM3';
const side = { runs: 100, batch: 1, medianNs: 1000, trimmedMeanNs: 1000, minNs: 990, p95Ns: 1010, ciLowNs: 999, ciHighNs: 1001 };
const timing: CaseTiming = {
  case: 'large',
  candidate: side,
  baseline: side,
  method: 'paired',
  speedup: 1.5,
  speedupLow: 1.49,
  speedupHigh: 1.51,
};

export const seedStore = async (dataDir: string, count: number, rankedEach = RANKED_EACH): Promise<void> => {
  mkdirSync(dataDir, { recursive: true });
  const version =
    loadProblems(join(import.meta.dirname, '../../kernels'))
      .get('vector_add')
      ?.contentHash('gpu') ?? '';
  const database = await openEmbedded(dataDir);
  const store = createStore(database.sql);
  for (let from = 0; from < count; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) =>
      candidateOf(from + index, { version, rankedEach }),
    );
    await store.insertCandidates(batch);
    const ranked = batch.filter(({ outcome }) => outcome === null).map(({ id }) => id);
    await store.writeAttempts(ranked.map(attemptOf));
    await store.complete(
      ranked.map((id) => ({
        candidateId: id,
        outcome: { verdict: 'passed', timings: [timing], checkedCases: 3 },
        score: scoreOf(id),
        record: id === idOf(0),
      })),
    );
  }
  // As a daemon does that is there while a store grows.
  await vacuumWorn(database.sql);
  await database.close();
};

const idOf = (number: number): CandidateId =>
  CandidateId.parse(`c-${createHash('sha256').update(`dashboard ${number}`).digest('hex').slice(0, 32)}`);

const candidateOf = (
  number: number,
  { version, rankedEach }: { readonly version: string; readonly rankedEach: number },
): NewCandidate => ({
  id: idOf(number),
  submission: {
    content: {
      problem: 'vector_add',
      problemVersion: version,
      language: 'cuda',
      source: `// source ${number % 50}\n`,
      params: { BLOCK: 32 * (1 + (number % 32)), UNROLL: number },
      device: 'H100',
      trial: 0,
    },
    priority: 100,
    submitter: `agent-${number % 20}`,
    labels: [],
    sweepId: null,
  },
  outcome: number % rankedEach === 0 ? null : { verdict: 'plan_error', field: 'launch', message: 'for a bench' },
});

const attemptOf = (id: CandidateId) => ({
  attemptId: attemptIdOf(id, 1),
  hostId: HostId.parse('box-1'),
  deviceId: DeviceId.parse('GPU-0'),
  deviceModel: MODEL,
  mode: 'screen' as const,
  startedAt: new Date().toISOString(),
  finishedAt: new Date().toISOString(),
  verdict: 'passed' as const,
  infra: null,
  timings: [timing],
  phases: { waitedMs: 1, idleGapMs: 0, loadMs: 1, checkMs: 1, measureMs: 15, lockMs: 0, totalMs: 18 },
  telemetry: null,
});

const scoreOf = (id: CandidateId) => ({
  speedup: 1 + Number.parseInt(id.slice(2, 8), 16) / 2 ** 24,
  speedupLow: 1,
  speedupHigh: 2.1,
  timeNs: 1000,
  floorShare: 0.8,
  deviceModel: MODEL,
  rankKey: 1 + Number.parseInt(id.slice(2, 8), 16) / 2 ** 24,
  confirmed: false,
  method: 'paired' as const,
  judgements: 1,
  pair: null,
});
