import { describe, expect, test } from 'vitest';
import { createEvolve } from '../../../src/agents/generators/evolve.ts';
import type { CampaignView } from '../../../src/domain/api/campaigns.ts';
import { createScriptedGenerator } from '../../support/agents/scripted-generator.ts';
import { campaignRig, generationsOf, isFinished, request, until } from '../../support/agents/campaign-rig.ts';

const rig = campaignRig();
const PLAIN = `/* kiln
launch:
  - {kernel: add, grid: [ceil_div(n, 256)], block: [256], args: [a, b, out, n]}
*/
extern "C" __global__ void add(const float* a, const float* b, float* out, int n) { out[0] = a[0] + b[0] + n; }
`;

const started = async (
  wish: Parameters<typeof request>[0],
  isOver: (view: CampaignView) => boolean = isFinished,
): Promise<{ view: CampaignView; ideas: readonly string[] }> => {
  const judging = rig.judging({ judgeMs: 1 });
  const scripted = createScriptedGenerator({});
  const campaigns = await rig.campaigns(judging, [createEvolve(), scripted]);
  const { id } = await campaigns.create(request({ problems: ['softmax'], ...wish }));
  const view = await until(campaigns, id, isOver);
  const seeds = (await generationsOf(campaigns, id)).filter(({ move }) => move === 'seed');
  return { view, ideas: seeds.map(({ idea }) => idea) };
};

describe('a campaign of evolve alone', () => {
  test('begins with what there is much to vary in, and varies it', async () => {
    const { view, ideas } = await started({ start: {}, budget: { candidates: 10 } });
    expect(view.spec.start.seeds).toBe('evolve');
    expect(ideas).toEqual(['evolve/start.cu']);
    expect(view.generations.judged).toBe(10);
  });

  test('begins with the seeds where the problem has nothing poor to begin with', async () => {
    const { ideas } = await started({ problems: ['transpose'], start: {}, budget: { candidates: 6 } });
    expect(ideas.length).toBeGreaterThan(1);
    expect(ideas.every((idea) => idea.startsWith('seeds/'))).toBe(true);
  });

  test('ends at once and says why where nothing that passed can be varied', async () => {
    const sources = [{ problem: 'softmax', language: 'cuda' as const, source: PLAIN }];
    const { view } = await started({ start: { seeds: 'none', sources }, budget: { minutes: 1000 } });
    expect(view.reason).toMatch(
      /^nothing can be varied: no candidate that passed has params or marked regions; declare "params"/,
    );
    expect(view.generations).toMatchObject({ judged: 1, failed: 0 });
  });

  test('tries each point of its space once, then ends and says that the space is used up', async () => {
    const source = PLAIN.replace(
      'launch:',
      'params: {BLOCK: 64, VEC: 1}\nspace: {BLOCK: [64, 128, 256, 512], VEC: [1, 2, 4]}\nlaunch:',
    );
    const sources = [{ problem: 'vector_add', language: 'cuda' as const, source }];
    const { view } = await started({
      problems: ['vector_add'],
      agents: 8,
      start: { seeds: 'none', sources },
      budget: { minutes: 1000 },
    });
    expect(view.status).toBe('finished');
    expect(view.reason).toMatch(/^the space is used up: all that can be varied in .* was tried; widen "space"/);
    expect(view.generations.judged).toBe(12);
    expect(view.byFailure['duplicate'] ?? 0).toBe(0);
    expect(view.generations.failed).toBeLessThan(40);
  });

  test('ends at once and says why where it has nothing to begin with, or nothing of it passed', async () => {
    const { view } = await started({ budget: { minutes: 1000 } });
    expect(view.reason).toMatch(/^nothing can be varied: no candidate has passed/);
    const sources = [{ problem: 'softmax', language: 'cuda' as const, source: `${PLAIN}// verdict crashed` }];
    const crashed = await started({ start: { seeds: 'none', sources }, budget: { minutes: 1000 } });
    expect(crashed.view.reason).toMatch(/^nothing can be varied: no candidate has passed|^nothing new is found/);
  });

  test('goes on with the problem that can be varied beside one that cannot', async () => {
    const sources = [{ problem: 'vector_add', language: 'cuda' as const, source: PLAIN }];
    const start = { seeds: 'evolve' as const, sources };
    const languages = ['cuda' as const];
    const { view } = await started({
      problems: ['vector_add', 'softmax'],
      agents: 2,
      languages,
      start,
      budget: { candidates: 30 },
    });
    expect(view.generations.judged).toBe(30);
    expect(view.generations.failed).toBeLessThan(100);
  });
});

test('a campaign with a generator that writes begins with all seeds, unless told otherwise', async () => {
  const generators = [{ name: 'scripted' }, { name: 'evolve' }];
  const { view, ideas } = await started({ generators, start: {}, budget: { candidates: 12 } });
  expect(view.spec.start.seeds).toBe('all');
  expect(ideas.every((idea) => idea.startsWith('seeds/'))).toBe(true);
});
