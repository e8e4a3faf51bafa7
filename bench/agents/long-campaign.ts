/** A campaign of many generations, as a search that goes well leaves it: written straight into a store. */
import { createHash } from 'node:crypto';
import type { Judging } from '../../src/domain/ports/kiln.ts';
import { Campaign, CampaignSpec, type Generation, type GenerationState, NO_USAGE } from '../../src/domain/campaign/campaign.ts';
import { CandidateId, generationIdOf } from '../../src/domain/ids.ts';
import type { Score } from '../../src/domain/ranking/ranking.ts';
import { loadProblems } from '../../src/problems/load-problems.ts';
import type { SqlStore } from '../../src/store/store.ts';

const BATCH = 1000;
const SOURCE_BYTES = 6000;
/** One in so many answers gives no candidate. */
const FAILED_EVERY = 10;
const CAMPAIGN = `k-${'b'.repeat(16)}`;
const MODEL = 'NVIDIA H100 80GB HBM3';
const AT = '2026-01-01T00:00:00.000Z';
const START_MS = Date.parse(AT);

export const RECORD = Campaign.parse({
  id: CAMPAIGN,
  spec: CampaignSpec.parse({ problems: ['softmax'], generators: [{ name: 'evolve' }], budget: { candidates: 1_000_000 } }),
  status: 'paused',
  reason: 'a bench',
  submitter: 'bench',
  createdAt: AT,
  updatedAt: AT,
  ranMs: 0,
});

const problems = loadProblems('kernels');

const idOf = (number: number): CandidateId =>
  CandidateId.parse(`c-${createHash('sha256').update(`agents ${number}`).digest('hex').slice(0, 32)}`);

/** Rises slowly, with much that is slower than the best. */
const speedupOf = (number: number): number => 1 + Math.log1p(number) * (1 - ((number * 7919) % 97) / 100);

const scoreOf = (speedup: number): Score => ({
  speedup,
  speedupLow: speedup,
  speedupHigh: speedup,
  timeNs: 1000,
  floorShare: 0.5,
  deviceModel: MODEL,
  rankKey: speedup,
  confirmed: false,
  method: 'paired',
  judgements: 1,
  pair: null,
});

const sourceOf = (number: number): string =>
  `/* kiln\nparams: {BLOCK: 256, STEP: ${number}}\nlaunch:\n  - {kernel: softmax, grid: [rows], block: [BLOCK], args: [x, out, cols]}\n*/\n` +
  `int v${number};\n${'// x\n'.repeat(SOURCE_BYTES / 5)}`;

const stateOf = (number: number): GenerationState =>
  number % FAILED_EVERY === 0
    ? { status: 'failed', failure: 'malformed', message: 'the answer had no plan: '.repeat(8) }
    : {
        status: 'judged',
        candidateId: idOf(number),
        isFirst: true,
        verdict: 'passed',
        speedup: speedupOf(number),
        deviceMs: 18,
        isRecord: false,
      };

const generationOf = (number: number): Generation => ({
  id: generationIdOf(RECORD.id, number),
  campaignId: RECORD.id,
  number,
  agent: number % 8,
  generator: 'evolve',
  problem: 'softmax',
  device: 'H100',
  move: number === 1 ? 'seed' : 'improve',
  island: number % 4,
  parents: number === 1 ? [] : [idOf(Math.max(1, number - 7))],
  idea: `idea ${number % 40}`,
  usage: NO_USAGE,
  state: stateOf(number),
  askedAt: new Date(START_MS + number * 100).toISOString(),
  updatedAt: new Date(START_MS + number * 100 + 50).toISOString(),
});

export const fillStore = async (store: SqlStore, count: number): Promise<void> => {
  await store.createCampaign(RECORD);
  for (let first = 1; first <= count; first += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, count - first + 1) }, (_, index) => first + index);
    const judged = numbers.filter((number) => number % FAILED_EVERY !== 0);
    await store.insertCandidates(judged.map(candidateOf));
    const outcome = { verdict: 'passed' as const, checkedCases: 1, timings: [] };
    await store.complete(
      judged.map((number) => ({ candidateId: idOf(number), outcome, score: scoreOf(speedupOf(number)), record: false })),
    );
    await store.addGenerations(numbers.map(generationOf));
  }
};

const candidateOf = (number: number) => ({
  id: idOf(number),
  submission: {
    content: {
      problem: 'softmax',
      problemVersion: 'v1',
      language: 'cuda' as const,
      source: sourceOf(number),
      params: {},
      device: 'H100',
      trial: 0,
    },
    priority: 200,
    submitter: `campaign:${CAMPAIGN}`,
    labels: [],
    sweepId: null,
  },
  outcome: null,
});

const notAsked = (): never => {
  throw new Error('a replay does not ask for it');
};

/** The store's part of an engine. */
export const judgingOf = (store: SqlStore): Judging => ({
  submit: notAsked,
  candidate: async (id) => (await store.candidate(id)) ?? notAsked(),
  source: async (id) => (await store.content(id)) ?? notAsked(),
  sourced: async (ids) => store.sourced(ids),
  problem: (name) => {
    const { problem, readme, files } = problems.get(name) ?? notAsked();
    return { problem, readme, files: { ...files } };
  },
  library: notAsked,
  ranking: notAsked,
  queue: notAsked,
  fleet: notAsked,
  profile: async (id) => store.profile(id),
  askProfile: notAsked,
  events: notAsked,
  lastSequence: notAsked,
  onEvents: notAsked,
});
