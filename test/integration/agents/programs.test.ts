/** Campaigns that ask for programs: files with host code, which are recorded. */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { CONTRACT } from '../../../src/agents/context/contract.ts';
import { createEvolve } from '../../../src/agents/generators/evolve.ts';
import type { CampaignView } from '../../../src/domain/api/campaigns.ts';
import { NO_USAGE } from '../../../src/domain/campaign/campaign.ts';
import type { Environment } from '../../../src/domain/environment.ts';
import { KilnError } from '../../../src/domain/errors.ts';
import { createScriptedGenerator } from '../../support/agents/scripted-generator.ts';
import { campaignRig, generationsOf, isFinished, request, until } from '../../support/agents/campaign-rig.ts';
import { TORCH } from '../../support/torch-environment.ts';

/** Told apart by their code: words in comments are none. */
const program = (words: string, comment = ''): string =>
  `# ${comment}
import torch
WORDS = "${words}"

def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
`;
const drafted = (source: string) => ({
  ok: true as const,
  draft: { language: 'python' as const, source, params: {}, idea: 'one call', note: '' },
  usage: NO_USAGE,
});

const rig = campaignRig();

/** Why a campaign on a host with these environments is not begun. */
const refused = async (environments: readonly Environment[] | null, source?: string): Promise<string> => {
  const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1, environments }), [
    createScriptedGenerator({ answer: () => drafted(program('speedup 2')) }),
  ]);
  const sources = source === undefined ? [] : [{ problem: 'vector_add', language: 'python' as const, source, params: {} }];
  const wish = request({ languages: ['python', 'triton'], start: { seeds: 'none', sources }, budget: { candidates: 1 } });
  const created = await campaigns.create(wish).catch((thrown: unknown) => thrown);
  if (created instanceof KilnError) return `${created.code} ${created.message}`;
  await until(campaigns, (created as CampaignView).id, isFinished);
  return 'was not refused';
};

describe('a campaign that asks for programs', () => {
  test('submits them with what is called, tells their writers what a program is, and has none of them profiled', async () => {
    const judging = rig.judging({ judgeMs: 1, environments: [TORCH] });
    const generator = createScriptedGenerator({
      readsProfiles: true,
      answer: (number) => drafted(program(`speedup ${1 + number / 100}`)),
    });
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ languages: ['python'], budget: { candidates: 6 } }));
    const view = await until(campaigns, id, isFinished);
    expect(view.byVerdict).toEqual({ passed: 6 });
    expect(view.best[0]?.best).toMatchObject({ language: 'python' });
    expect([...judging.programs.values()]).toHaveLength(6);
    for (const { entry, files, environment } of judging.programs.values())
      expect([entry, files, environment]).toEqual([
        { file: 'submission.py', symbol: 'custom_kernel', style: 'custom_kernel' },
        [],
        'torch',
      ]);
    expect(generator.asked[0]?.contract).toContain('custom_kernel(data)');
    expect(generator.asked[0]?.contract).not.toContain('launch[]');
    expect(generator.asked.at(-1)?.parents[0]).toMatchObject({ language: 'python', params: {} });
    expect(judging.profiles.size).toBe(0);
  });

  test('compares no time to answers with others: its writer is told why, and it is nobody’s parent', async () => {
    const judging = rig.judging({ judgeMs: 1, environments: [TORCH] });
    const generator = createScriptedGenerator({
      answer: (number) => drafted(program(number === 1 ? 'speedup 9 by answers' : `speedup ${1 + number / 100}`)),
    });
    const campaigns = await rig.campaigns(judging, [generator]);
    const wish = request({ agents: 1, languages: ['python'], start: { seeds: 'none', sources: [] }, budget: { candidates: 3 } });
    const { id } = await campaigns.create(wish);
    const view = await until(campaigns, id, isFinished);
    expect(view.byVerdict).toEqual({ passed: 3 });
    const [first, second] = await generationsOf(campaigns, id);
    expect(first?.state).toMatchObject({ status: 'judged', verdict: 'passed', speedup: null, isRecord: false });
    expect(first?.state).not.toHaveProperty('gain');
    expect(second?.state).toMatchObject({ speedup: 1.02 });
    expect(view.best[0]?.best?.speedup).toBeCloseTo(1.03, 6);
    const told = generator.asked.flatMap(({ attempts }) => attempts).find(({ speedup }) => speedup === null);
    expect(told).toMatchObject({ verdict: 'passed', speedup: null });
    expect(told?.reason).toContain('compared with no other: it cannot be recorded: it reads values on the host');
    expect(generator.asked.flatMap(({ parents }) => parents.map(({ candidateId }) => candidateId))).not.toContain(
      first?.state.status === 'judged' ? first.state.candidateId : 'a verdict',
    );
  });

  test('refuses what defines nothing that can be called, and does not submit it', async () => {
    const judging = rig.judging({ judgeMs: 1, environments: [TORCH] });
    const generator = createScriptedGenerator({
      answer: (number) => drafted(number === 1 ? 'print("no kernel")\n' : program(`speedup ${1 + number / 100}`)),
    });
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ agents: 1, languages: ['python'], budget: { candidates: 2 } }));
    await until(campaigns, id, isFinished);
    const [first] = await generationsOf(campaigns, id);
    expect(first?.state).toMatchObject({
      status: 'failed',
      failure: 'rejected',
      message: expect.stringContaining('custom_kernel') as string,
    });
    expect(judging.submitted).toHaveLength(2);
  });

  test('takes a copy that differs in comments for a copy', async () => {
    const judging = rig.judging({ judgeMs: 1, environments: [TORCH] });
    const generator = createScriptedGenerator({
      answer: (number) => drafted(program('speedup 2', `try ${number}`)),
    });
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(
      request({ agents: 1, languages: ['python'], budget: { candidates: 1, minutes: 1000 } }),
    );
    await until(campaigns, id, isFinished);
    expect(judging.submitted).toHaveLength(1);
  });

  test('begins with sources of its own, and leaves them to those that write: evolve has nothing to vary in them', async () => {
    const judging = rig.judging({ judgeMs: 1, environments: [TORCH] });
    const campaigns = await rig.campaigns(judging, [createEvolve()]);
    const source = { problem: 'vector_add', language: 'python' as const, source: program('speedup 2'), params: {} };
    const { id } = await campaigns.create(
      request({ languages: ['python'], start: { seeds: 'none', sources: [source] }, budget: { candidates: 5 } }),
    );
    const view = await until(campaigns, id, isFinished);
    expect(judging.submitted).toHaveLength(1);
    expect(view.reason).toMatch(/vary|params/u);
  });

  test('is refused before anything is paid where no host can record, and where a source is no program', async () => {
    expect(await refused([{ ...TORCH, recorder: 'none' }])).toMatch(
      /^UNSUPPORTED_LANGUAGE languages: no host of the fleet can record/u,
    );
    expect(await refused([])).toMatch(/^UNSUPPORTED_LANGUAGE languages: /u);
    expect(await refused([TORCH], 'import torch\n')).toMatch(/^INVALID_REQUEST start\.sources: a program defines custom_kernel/u);
    // Hosts that are not connected yet may be able to.
    expect(await refused(null)).toBe('was not refused');
  });

  test('and one that does not ask for them gets none', async () => {
    const judging = rig.judging({ judgeMs: 1, environments: [TORCH] });
    const generator = createScriptedGenerator({});
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ budget: { candidates: 1 } }));
    await until(campaigns, id, isFinished);
    expect(generator.asked[0]?.languages).toEqual(['cuda', 'triton']);
    expect(generator.asked[0]?.contract).not.toContain('custom_kernel');
  });
});

test('the programs that the contract shows are Python', () => {
  const shown = [...CONTRACT.matchAll(/```python\n([\s\S]*?)```/gu)].map(([, source = '']) => source);
  expect(shown).toHaveLength(2);
  for (const source of shown) execFileSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], { input: source });
});
