import { describe, expect, test } from 'vitest';
import { Campaign, type Generation, type GenerationState } from '../../../src/domain/campaign/campaign.ts';
import { KilnError } from '../../../src/domain/errors.ts';
import { CampaignId, generationIdOf } from '../../../src/domain/ids.ts';
import { BATCHED, batchRig, collecting, only, priced, stepOf, USAGE } from '../../support/agents/batch-rig.ts';
import { campaignRig, generationsOf, isFinished, request, until } from '../../support/agents/campaign-rig.ts';
import { generation } from '../../support/agents/generations.ts';

const rig = campaignRig();
const service = batchRig();
const { claude, batchOf } = service;

const asked = (batch: NonNullable<Extract<GenerationState, { status: 'asked' }>['batch']>): GenerationState => ({
  status: 'asked',
  reservedMicros: 9000,
  batch,
});

describe('a batch whose daemon stops', () => {
  test('is followed by the next one, which sends nothing again and uses its answers', async () => {
    service.api.batches.looks = Infinity;
    const judging = rig.judging({ judgeMs: 1 });
    const collected = collecting();
    const first = await rig.campaigns(judging, [claude()], undefined, collected);
    const { id } = await first.create(request({ ...BATCHED, budget: { candidates: 8, usd: 1 } }));
    await until(first, id, only(4));
    collected.send();
    await until(first, id, ({ batches }) => batches?.[0]?.state === 'being answered');
    await first.close();
    expect((await rig.store().generations(id, { after: 4, limit: 10 })).map(stepOf)).toEqual(['sent', 'sent', 'sent', 'sent']);
    await batchOf(id).answer();
    batchOf(id).end();
    const again = await rig.campaigns(judging, [claude()], undefined, collecting());
    const view = await until(again, id, isFinished);
    expect(service.api.batches.all).toHaveLength(1);
    expect(view.generations).toMatchObject({ judged: 8, lost: 0, failed: 0 });
    expect(view.spent.usd).toBe((4 * priced(USAGE, false) + 4 * priced(USAGE, true)) / 1e6);
  });

  const ID = CampaignId.parse(`k-${'b'.repeat(16)}`);
  const AT = new Date().toISOString();
  const row = (campaignId: CampaignId, number: number, state: GenerationState): Generation =>
    generation(number, state, {
      id: generationIdOf(campaignId, number),
      campaignId,
      agent: number % 4,
      generator: 'claude',
      problem: 'vector_add',
      move: 'new',
      askedAt: AT,
      updatedAt: AT,
    });
  const stored = async (
    status: 'paused' | 'stopped',
    rows: readonly GenerationState[],
    id = ID,
    problems = ['vector_add'],
  ): Promise<void> => {
    const { submitter, ...spec } = request({ ...BATCHED, problems, generators: [{ name: 'claude' }] });
    const times = { createdAt: AT, updatedAt: AT, ranMs: 0 };
    await rig.store().createCampaign(Campaign.parse({ id, spec, status, reason: 'a test', submitter, ...times }));
    await rig.store().addGenerations(rows.map((state, index) => row(id, index + 1, state)));
  };

  test('between sending it and writing its id down is recognised among the batches of the service', async () => {
    service.api.batches.looks = Infinity;
    service.api.batches.addOther(['x-1', 'x-2']);
    const ours = service.api.batches.addOther([`${ID}_2`, `${ID}_3`]);
    const sending = { step: 'sending', at: AT, requests: 2 } as const;
    await stored('paused', [asked({ step: 'collected' }), asked(sending), asked(sending)]);
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()]);
    const view = await until(campaigns, ID, ({ batches }) => batches?.[0]?.state.includes('may hold it') ?? false);
    expect(view.batches).toMatchObject([
      { id: null, questions: 2, state: 'one of 2 batches may hold it: that shows when they end' },
    ]);
    expect(view.spent.reservedUsd).toBe(0.018);
    for (const batch of service.api.batches.all) {
      await batch.answer();
      batch.end();
    }
    await until(campaigns, ID, ({ generations }) => generations.judged === 2);
    const states = (await generationsOf(campaigns, ID)).map(({ state }) => state);
    expect(states[0]).toEqual({
      status: 'failed',
      failure: 'stopped',
      message: 'the daemon stopped before its batch was sent; it is not billed',
    });
    expect((await campaigns.view(ID)).spent.usd).toBe((2 * priced(USAGE, true)) / 1e6);
    expect(ours.results.size).toBe(2);
  });

  test('before the service had it costs nothing', async () => {
    const id = CampaignId.parse(`k-${'e'.repeat(16)}`);
    await stored('paused', [asked({ step: 'sending', at: AT, requests: 1 })], id);
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()]);
    const view = await until(campaigns, id, ({ generations }) => generations.asked === 0);
    expect(view.byFailure).toEqual({ unavailable: 1 });
    expect(view.spent).toMatchObject({ usd: 0, reservedUsd: 0 });
  });

  test('and that the service has no more is lost, and what was reserved for it counts', async () => {
    const id = CampaignId.parse(`k-${'f'.repeat(16)}`);
    await stored('paused', [asked({ step: 'sent', id: 'msgbatch_gone' })], id);
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()]);
    const view = await until(campaigns, id, ({ generations }) => generations.asked === 0);
    expect(view.spent).toMatchObject({ usd: 0.009, reservedUsd: 0 });
    const [lost] = await generationsOf(campaigns, id);
    expect(lost?.state).toMatchObject({
      failure: 'unavailable',
      message: 'its batch is lost: the service answered 404: no retrieve; the most that it can cost counts',
    });
  });

  test('loses no answer to another one whose problem is gone by then', async () => {
    const id = CampaignId.parse(`k-${'d'.repeat(16)}`);
    const batch = service.api.batches.addOther([`${id}_1`, `${id}_2`]);
    await batch.answer();
    batch.end();
    await stored('paused', [], id, ['softmax', 'vector_add']);
    const state = asked({ step: 'sent', id: batch.id });
    await rig.store().addGenerations([{ ...row(id, 1, state), problem: 'softmax' }, row(id, 2, state)]);
    const judging = rig.judging({ judgeMs: 1 });
    const ranking: typeof judging.ranking = async (problem, query) => {
      if (problem === 'softmax') throw new KilnError('NOT_FOUND', 'there is no problem "softmax"');
      return judging.ranking(problem, query);
    };
    const campaigns = await rig.campaigns({ ...judging, ranking }, [claude()]);
    await until(campaigns, id, ({ generations }) => generations.asked === 0 && generations.judged + generations.failed === 2);
    expect((await generationsOf(campaigns, id)).map((one) => one.state)).toMatchObject([
      {
        status: 'failed',
        message: expect.stringContaining('its answer cannot be read: there is no problem "softmax"') as string,
      },
      { status: 'judged' },
    ]);
  });

  test('of a campaign that was stopped meanwhile is cancelled, and what was answered is judged', async () => {
    service.api.batches.looks = Infinity;
    const id = CampaignId.parse(`k-${'a'.repeat(16)}`);
    const batch = service.api.batches.addOther([`${id}_1`, `${id}_2`]);
    await batch.answer(1);
    await stored('stopped', [asked({ step: 'sent', id: batch.id }), asked({ step: 'sent', id: batch.id })], id);
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()]);
    const view = await until(campaigns, id, ({ generations }) => generations.judged === 1 && generations.failed === 1);
    expect(view.byFailure).toEqual({ stopped: 1 });
    expect(service.api.batches.calls.map(({ call }) => call)).toContain('cancel');
  });

  test('waits where its generator has no key, and says so', async () => {
    const id = CampaignId.parse(`k-${'9'.repeat(16)}`);
    await stored('paused', [asked({ step: 'sent', id: 'msgbatch_1' })], id);
    const { batches: _none, ...keyless } = { ...claude(), unavailable: 'ANTHROPIC_API_KEY is not set' };
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [keyless]);
    const view = await until(campaigns, id, ({ batches }) => batches !== undefined);
    expect(view.batches).toMatchObject([
      { id: 'msgbatch_1', questions: 1, state: 'its answers are fetched once claude can be used: ANTHROPIC_API_KEY is not set' },
    ]);
    await campaigns.close();
    expect((await rig.store().generations(id, { after: 0, limit: 1 })).map(stepOf)).toEqual(['sent']);
  });
});
