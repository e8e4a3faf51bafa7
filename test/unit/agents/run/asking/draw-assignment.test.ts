import { describe, expect, test } from 'vitest';
import type { Generator } from '../../../../../src/agents/generator.ts';
import { drawnAssignment } from '../../../../../src/agents/run/asking/draw-assignment.ts';
import { ANY_GENERATOR, createRun } from '../../../../../src/agents/run/state/campaign-run.ts';
import type { Agent } from '../../../../../src/agents/run/state/roster.ts';
import { Campaign } from '../../../../../src/domain/campaign/campaign.ts';
import { loadProblem } from '../../../../../src/problems/load-problems.ts';
import { unusedBatches } from '../../../../support/agents/unused-batches.ts';
import { candidateId } from '../../../../support/agents/generation-context.ts';
import { createScriptedGenerator } from '../../../../support/agents/scripted-generator.ts';

const AT = '2026-01-01T00:00:00.000Z';
const AGENTS = 2;
const loaded = loadProblem('kernels/vector_add');
const batched: Generator = { ...createScriptedGenerator({ name: 'batched' }), batches: unusedBatches() };
const gone: Generator = { ...createScriptedGenerator({ name: 'gone' }), unavailable: 'it has no key' };

/** As many questions wait already as it has agents: nobody begins anew with `batched`. */
const full = () => {
  const campaign = Campaign.parse({
    id: `k-${'0'.repeat(16)}`,
    spec: {
      problems: ['vector_add'],
      devices: ['H100'],
      generators: [{ name: 'batched' }, { name: 'gone' }],
      budget: { candidates: 9 },
      agents: AGENTS,
      batches: true,
    },
    status: 'running',
    reason: null,
    submitter: 'ann',
    createdAt: AT,
    updatedAt: AT,
    ranMs: 0,
  });
  const run = createRun(campaign, { judging: { problem: () => loaded }, random: () => 0.5 });
  [run.next, run.joining] = [100, AGENTS];
  const [target] = run.targets;
  if (!target) throw new Error('a campaign has a target');
  const draw = () =>
    drawnAssignment(
      run,
      { generators: { byName: new Map([batched, gone].map((one) => [one.name, one])) }, monotonicMs: () => 0 },
      { lane: { target: 0, generator: ANY_GENERATOR }, target },
    );
  return { run, draw };
};

/** It has a verdict to go on from, of what this generator wrote. */
const talking = (agent: Agent | undefined, writer: string): Agent => {
  if (!agent) throw new Error('a campaign has agents');
  const id = candidateId(agent.index);
  agent.writer = writer;
  agent.conversation.onSubmitted(id, 0);
  agent.conversation.onVerdict({ candidateId: id, verdict: 'passed', speedup: 1, move: 'new' });
  return agent;
};

describe('where nobody may begin anew', () => {
  test('the agent that goes on with who wrote is asked, though one of another writer has been free longer', () => {
    const { run, draw } = full();
    talking(run.roster.agents[0], 'gone');
    const agent = talking(run.roster.agents[1], 'batched');
    expect(draw()).toMatchObject({ agent: { index: agent.index }, generator: { name: 'batched' }, wish: null });
    expect(draw()).toBeNull();
  });

  test('an agent whose writer cannot be asked keeps its conversation and its place', () => {
    const { run, draw } = full();
    const waiting = talking(run.roster.agents[0], 'gone');
    expect(draw()).toBeNull();
    expect(waiting.conversation.next(0)?.choice).toEqual({ move: 'improve', parents: [candidateId(0)] });
    expect(run.roster.take({ target: 0, generator: ANY_GENERATOR })?.index).toBe(waiting.index);
  });
});
