/** Generations for the tests of accounts and limits. */
import { NO_USAGE } from '../../../src/domain/campaign/campaign.ts';
import type { Generation, GenerationState } from '../../../src/domain/campaign/campaign.ts';
import { CampaignId, CandidateId, generationIdOf } from '../../../src/domain/ids.ts';

const ID = CampaignId.parse(`k-${'0'.repeat(16)}`);
const AT = '2026-01-01T00:00:00.000Z';

export const idOf = (n: number): CandidateId => CandidateId.parse(`c-${n.toString(16).padStart(32, '0')}`);

export const generation = (number: number, state: GenerationState, wish: Partial<Generation> = {}): Generation => ({
  id: generationIdOf(ID, number),
  campaignId: ID,
  number,
  agent: 0,
  generator: 'scripted',
  problem: 'softmax',
  device: 'H100',
  move: 'improve',
  island: 0,
  parents: [],
  idea: '',
  usage: NO_USAGE,
  state,
  askedAt: AT,
  updatedAt: AT,
  ...wish,
});

export const asked = (number: number, reservedMicros: number): Generation =>
  generation(number, { status: 'asked', reservedMicros });

export const judged = (number: number, speedup: number | null, wish: Partial<Generation> = {}): Generation =>
  generation(
    number,
    {
      status: 'judged',
      candidateId: idOf(number),
      isFirst: true,
      verdict: speedup === null ? 'crashed' : 'passed',
      speedup,
      deviceMs: 100,
      isRecord: false,
    },
    wish,
  );

export const withCost = (from: Generation, state: GenerationState, micros: number): Generation => ({
  ...from,
  state,
  usage: { ...NO_USAGE, outputTokens: 1, micros },
});
