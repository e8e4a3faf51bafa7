import { expect, test } from 'vitest';
import type { CampaignView } from '../../src/domain/api/campaigns.ts';
import type { KilnClient } from '../../src/client/create-client.ts';
import { ownAddition, paidCampaigns, untilCampaign } from '../support/agents/paid-campaigns.ts';
import { processesNaming, startKiln } from '../support/kiln-process.ts';
import { HANG_MS } from '../support/limits.ts';

const AGENTS = 6;
const SETTINGS =
  'agents: {generators: {claude: {kind: claude, model: claude-sonnet-5-5, maxTokens: 1024, batches: {collectSeconds: 2, pollSeconds: 1}}}}\n';
const USAGE = { input_tokens: 6000, cache_creation_input_tokens: 0, cache_read_input_tokens: 5000, output_tokens: 900 };
/** Of one answer, millionths of a dollar. */
const DIRECT_MICROS = 6000 * 2 + 5000 * 0.1 + 900 * 10;
const BATCHED_MICROS = DIRECT_MICROS / 2;

const rig = paidCampaigns();

const until = async (client: KilnClient, id: string, isSo: (view: CampaignView) => boolean): Promise<CampaignView> =>
  untilCampaign(client, id, isSo, { timeoutMs: HANG_MS });

/** Those whose id was never heard. */
const sought = ({ batches = [] }: CampaignView) => batches.filter(({ state }) => state.includes('may hold it'));

test('batches of a daemon that is killed are found again, sent once, and all of their answers judged at half the price', async () => {
  const { service, folder } = await rig.begin(
    ({ number }) => ({
      input: { language: 'cuda', idea: `answer ${number}`, source: ownAddition(number) },
      usage: USAGE,
    }),
    { devices: 2, settings: SETTINGS },
  );
  service.batches.looks = Infinity;
  const endAll = async (): Promise<void> => {
    for (const batch of service.batches.all) {
      await batch.answer();
      batch.end();
    }
  };
  let kiln = await startKiln(folder);
  const spec = {
    problems: ['vector_add'],
    devices: ['simulated'],
    agents: AGENTS,
    turns: 1,
    batches: true,
    start: { seeds: 'none' as const },
  };
  const { id } = await kiln.client.createCampaign({ ...spec, budget: { usd: 5, candidates: 3 * AGENTS } });

  // The first batch (several, where agents came to ask too late for it): its id is written down. It ends while there is no daemon.
  const isAsked = ({ generations, batches = [] }: CampaignView): boolean =>
    generations.judged === AGENTS &&
    batches.reduce((sum, { questions }) => sum + questions, 0) === AGENTS &&
    batches.every(({ state }) => state === 'being answered');
  await until(kiln.client, id, isAsked);
  await kiln.kill();
  const firsts = service.batches.all.length;
  await endAll();

  // The next one: the daemon is killed before it hears the id.
  const made = Promise.withResolvers<void>();
  service.batches.trouble = (call, number) => {
    if (call !== 'create' || number !== firsts + 1) return null;
    made.resolve();
    return { cut: 'after' };
  };
  kiln = await startKiln(folder);
  await made.promise;
  await kiln.kill();
  const unheard = service.batches.all[firsts]?.customIds ?? [];
  service.batches.addOther(unheard.map((_, index) => `x-${index}`));
  kiln = await startKiln(folder);
  const looking = await until(kiln.client, id, (view) => sought(view).length > 0);
  expect(sought(looking)).toContainEqual(expect.objectContaining({ id: null, questions: unheard.length }));
  await endAll();
  // What was collected and not sent was asked again.
  service.batches.looks = 0;
  const view = await until(kiln.client, id, ({ status }) => status === 'finished');

  const { generations } = await kiln.client.generations(id, { after: 0, limit: 1000 });
  const paid = generations.filter(({ usage }) => usage.micros > 0);
  const ours = service.billed.filter(({ request }) => request.body.model !== 'other');
  expect(paid.length).toBe(ours.length);
  expect(new Set(paid.map(({ idea }) => idea)).size).toBe(paid.length);
  expect(paid.every(({ state }) => state.status === 'judged')).toBe(true);
  const batched = ours.filter(({ batch }) => batch !== undefined).length;
  expect(batched).toBe(2 * AGENTS);
  expect(Math.round(view.spent.usd * 1e6)).toBe((ours.length - batched) * DIRECT_MICROS + batched * BATCHED_MICROS);
  expect(view.generations).toMatchObject({ asked: 0, lost: 0 });
  const sent = service.batches.all.flatMap(({ customIds }) => customIds.filter((key) => key.startsWith(id)));
  expect(new Set(sent).size).toBe(sent.length);
  await kiln.stop();
  await folder.ended();
  expect(processesNaming(folder.path)).toEqual([]);
});
