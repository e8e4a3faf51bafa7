import { describe, expect, test } from 'vitest';
import type { Chosen } from '../../../../../src/agents/run/asking/choose.ts';
import { waits } from '../../../../../src/agents/run/asking/waits.ts';
import { Campaign, NO_USAGE } from '../../../../../src/domain/campaign/campaign.ts';
import { candidateId } from '../../../../support/agents/generation-context.ts';
import { createScriptedGenerator } from '../../../../support/agents/scripted-generator.ts';
import { unusedBatches } from '../../../../support/agents/unused-batches.ts';

const AT = '2026-01-01T00:00:00.000Z';
const BATCHES = unusedBatches();
const BEGUN: Chosen = { choice: { move: 'new', parents: [], seed: 1 }, as: 'new', turns: [], carrying: null, diagnosing: null };
const [AGENTS, STARTS] = [8, 3];
const FIRST = STARTS + AGENTS + 1;

const run = (batches: boolean) => ({
  campaign: Campaign.parse({
    id: `k-${'0'.repeat(16)}`,
    spec: { problems: ['softmax'], budget: { candidates: 9 }, agents: AGENTS, batches },
    status: 'running',
    reason: null,
    submitter: 'ann',
    createdAt: AT,
    updatedAt: AT,
    ranMs: 0,
  }),
  starts: STARTS,
});
const isWaiting = (chosen: Partial<Chosen>, number = FIRST): boolean =>
  waits(run(true), { batches: BATCHES }, { chosen: { ...BEGUN, ...chosen }, number });

describe('a question', () => {
  test('waits where it begins anew, from scratch, from parents or from a proposal', () => {
    const carrying = { ref: { of: 1, index: 0 } } as Chosen['carrying'];
    const choices = (['new', 'improve', 'cross'] as const).map((move) => ({ move, parents: [candidateId(1)], seed: 1 }));
    expect(choices.map((choice) => isWaiting({ choice, carrying }))).toEqual([true, true, true]);
  });

  test('is asked directly where it goes on from a verdict, repairs, or diagnoses', () => {
    const by = createScriptedGenerator({ diagnosis: () => ({ ok: false, failure: 'malformed', message: '', usage: NO_USAGE }) });
    if (!by.diagnoser) throw new Error('it diagnoses');
    expect(isWaiting({ turns: [candidateId(1)] })).toBe(false);
    expect(isWaiting({ choice: { move: 'repair', parents: [candidateId(1)], seed: 1 } })).toBe(false);
    expect(isWaiting({ diagnosing: { by, diagnoser: by.diagnoser } })).toBe(false);
  });

  test('is asked directly among the first, as many as the campaign has agents', () => {
    expect([FIRST - AGENTS, FIRST - 1, FIRST].map((number) => isWaiting({}, number))).toEqual([false, false, true]);
  });

  test('never waits where the campaign does not allow it, or nobody answers in batches', () => {
    expect(waits(run(false), { batches: BATCHES }, { chosen: BEGUN, number: FIRST })).toBe(false);
    expect(waits(run(true), createScriptedGenerator({}), { chosen: BEGUN, number: FIRST })).toBe(false);
  });
});
