/** What writers that are paid for are told of copies, and who tries the params of what they wrote. */
import { describe, expect, test } from 'vitest';
import { createEvolve } from '../../../src/agents/generators/evolve.ts';
import { NO_USAGE } from '../../../src/domain/campaign/campaign.ts';
import { KilnError } from '../../../src/domain/errors.ts';
import { campaignRig, generationsOf, isFinished, request, until } from '../../support/agents/campaign-rig.ts';
import { candidateSource, createScriptedGenerator } from '../../support/agents/scripted-generator.ts';

const rig = campaignRig();
const draftOf = (source: string, idea = 'faster') => ({ language: 'cuda' as const, source, params: {}, idea, note: '' });
const PAID = { reserveMicros: 1000, costMicros: 1000 };

describe('a copy', () => {
  test('is told to its writer, with what it came to, before the next answer is paid for', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const generator = createScriptedGenerator({
      ...PAID,
      answer: (number) => ({ ok: true, draft: draftOf(candidateSource(Math.min(number, 2), 'speedup 1.5')), usage: NO_USAGE }),
    });
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ agents: 1, budget: { candidates: 3, usd: 1, minutes: 1000 } }));
    await until(campaigns, id, (view) => (view.byFailure['duplicate'] ?? 0) > 2);
    await campaigns.stop(id);
    const told = generator.asked
      .flatMap(({ attempts }) => attempts)
      .filter(({ reason }) => reason?.includes('was judged before'));
    expect(told.length).toBeGreaterThan(0);
    expect(told[0]).toMatchObject({
      idea: 'faster',
      verdict: null,
      reason: expect.stringMatching(/c-[0-9a-f]{32}, 1\.50x\. Write something else$/) as string,
    });
  });

  test('of what is on its way is none that is judged too, though its comments differ', async () => {
    const judging = rig.judging({ judgeMs: 600_000 });
    const generator = createScriptedGenerator({
      ...PAID,
      answer: (number) => ({ ok: true, draft: draftOf(candidateSource(1, `comment ${number}`)), usage: NO_USAGE }),
    });
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ agents: 3, budget: { candidates: 8, usd: 1, minutes: 1000 } }));
    await until(campaigns, id, ({ byFailure }) => (byFailure['duplicate'] ?? 0) > 3);
    await campaigns.stop(id);
    // An answer counts as a candidate until it is compared with the others.
    const view = await until(campaigns, id, ({ generations }) => generations.asked + generations.answered === 0);
    expect(view.spent.candidates).toBe(1);
    const failed = (await generationsOf(campaigns, id)).filter(({ state }) => state.status === 'failed');
    expect(failed[0]?.state).toMatchObject({
      failure: 'duplicate',
      message: expect.stringContaining('on its way to be judged already') as string,
    });
  });

  test('that the engine finds out is a turn without a gain: after two its writer begins anew', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const generator = createScriptedGenerator(PAID);
    const campaigns = await rig.campaigns(
      {
        ...judging,
        submit: async (batch) => {
          // From the first conversation that goes on, nothing is taken any more.
          if (generator.asked.some(({ turns }) => turns.length > 0))
            throw new KilnError('INVALID_REQUEST', 'the same is there already');
          return judging.submit(batch);
        },
      },
      [generator],
    );
    const { id } = await campaigns.create(request({ agents: 1, turns: 6, budget: { candidates: 100, usd: 1, minutes: 1000 } }));
    await until(campaigns, id, ({ byFailure }) => (byFailure['rejected'] ?? 0) >= 6);
    await campaigns.stop(id);
    const goingOn = generator.asked.map(({ turns }) => turns.length > 0);
    expect(goingOn.filter(Boolean)).toHaveLength(2);
  });

  test('ends a search for money after forty in a row, one that is free after many more', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const generator = createScriptedGenerator({
      ...PAID,
      answer: () => ({ ok: true, draft: draftOf(candidateSource(1, 'speedup 1.5')), usage: NO_USAGE }),
    });
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ agents: 1, budget: { candidates: 50, usd: 10 } }));
    const view = await until(campaigns, id, isFinished);
    expect(view.reason).toContain('nothing new is found: the last 40 answers were known content');
    expect(generator.asked.length).toBeLessThan(50);
  });
});

const tunable = (number: number, words: string): string => `/* kiln
params: {BLOCK: 256, INDEX: ${number}}
space: {BLOCK: [64, 128, 256, 512]}
launch:
  - {kernel: add, grid: [ceil_div(n, BLOCK)], block: [BLOCK], args: [a, b, out, n]}
*/
extern "C" __global__ void add(const float* a, const float* b, float* out, int n) { int ${words.replaceAll(/[^a-z0-9]/g, '_')}_${number}; } // ${words}
`;

describe('params of what a model wrote', () => {
  test('are tried where it comes near the best, and not where it is far behind, though nobody named evolve', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const words = ['speedup 1.5', 'speedup 1.1', 'speedup 1.48'];
    const generator = createScriptedGenerator({
      ...PAID,
      answer: (number) => ({ ok: true, draft: draftOf(tunable(number, words[number - 1] ?? 'speedup 1.0')), usage: NO_USAGE }),
    });
    const campaigns = await rig.campaigns(judging, [generator, createEvolve()]);
    const { id } = await campaigns.create(
      request({ agents: 1, generators: [{ name: 'scripted', share: 1 }], budget: { candidates: 40, usd: 1 } }),
    );
    await until(campaigns, id, isFinished);
    const tuned = (await generationsOf(campaigns, id)).filter(
      ({ generator: name, state }) => name === 'evolve' && state.status === 'judged',
    );
    const parents = new Map(judging.submitted.map(({ id: candidate }) => [candidate, judging.sources.get(candidate) ?? '']));
    const of = tuned.map(({ parents: [parent] }) => /speedup ([\d.]+)/.exec(parents.get(parent as never) ?? '')?.[1]);
    // Three other values of BLOCK each.
    expect(of.filter((speedup) => speedup === '1.5')).toHaveLength(3);
    expect(of.filter((speedup) => speedup === '1.48')).toHaveLength(3);
    expect(new Set(of)).toEqual(new Set(['1.5', '1.48']));
    expect(tuned.every(({ usage }) => usage.micros === 0)).toBe(true);
  });
});
