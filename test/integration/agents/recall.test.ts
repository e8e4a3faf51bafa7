import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../src/agents/generator.ts';
import { NO_USAGE } from '../../../src/domain/campaign/campaign.ts';
import { campaignRig, isFinished, request, until } from '../../support/agents/campaign-rig.ts';
import { candidateSource, createScriptedGenerator } from '../../support/agents/scripted-generator.ts';

const rig = campaignRig();
const draftOf = (number: number, idea: string, words: string): Answer => ({
  ok: true,
  draft: { language: 'cuda', source: candidateSource(number, words), params: {}, idea, note: '' },
  usage: NO_USAGE,
});
const writer = (from: number, idea = 'tiling') =>
  createScriptedGenerator({
    answer: (number) =>
      number % 2 === 0
        ? draftOf(from + number, idea, `speedup ${2 + number}`)
        : draftOf(from + number, 'fusing', 'verdict crashed'),
  });
const SPEC = { agents: 1, turns: 1, start: { seeds: 'first' as const }, budget: { candidates: 8 } };

describe('what earlier campaigns learned', () => {
  test('is told to a new one, and still is after a restart and after theirs is gone; its view counts it and shows none of it', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const store = rig.store();
    const first = await rig.campaigns(judging, [writer(0)], store);
    const { id: earlier } = await first.create(request(SPEC));
    expect((await until(first, earlier, isFinished)).recalled).toBeUndefined();
    await expect.poll(async () => (await store.lessons(9)).flat().map(({ problem }) => problem)).toEqual(['vector_add']);

    const told = writer(100, 'packing');
    const second = await rig.campaigns(judging, [told], store);
    const { id } = await second.create(request({ ...SPEC, budget: { candidates: 1000 } }));
    const view = await until(second, id, ({ generations }) => generations.judged > 5);
    expect(told.asked[0]?.earlier.find(({ idea }) => idea === 'tiling')).toMatchObject({ passed: expect.any(Number) as number });
    expect(told.asked[0]?.earlier.find(({ idea }) => idea === 'fusing')?.failures['crashed']).toBeGreaterThan(0);
    expect(view.recalled).toEqual({ campaigns: 1, ideas: 2, elsewhere: 0 });
    expect(JSON.stringify(view)).not.toContain('tiling');
    await second.close();

    await store.keepLessons(earlier, []);
    const again = writer(200, 'packing');
    const third = await rig.campaigns(judging, [again], store);
    await expect.poll(() => again.asked.length).toBeGreaterThan(0);
    expect(again.asked[0]?.earlier.map(({ idea }) => idea).toSorted()).toEqual(['fusing', 'tiling']);
    await third.stop(id);
  });

  test('is told to nobody where the campaign does not want it, nor on another problem', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const generator = writer(0);
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request(SPEC));
    await until(campaigns, id, isFinished);
    const before = generator.asked.length;
    const { id: without } = await campaigns.create(request({ ...SPEC, recall: false }));
    await until(campaigns, without, isFinished);
    const { id: other } = await campaigns.create(request({ ...SPEC, problems: ['matmul'] }));
    await until(campaigns, other, ({ generations }) => generations.judged > 2);
    await campaigns.stop(other);
    expect(generator.asked.length).toBeGreaterThan(before + 2);
    expect(generator.asked.slice(before).flatMap(({ earlier }) => earlier)).toEqual([]);
  });
});
