import { expect, test } from 'vitest';
import { microsOf, pricesOf } from '../../src/agents/generators/prices.ts';
import type { CampaignView } from '../../src/domain/api/campaigns.ts';
import type { Generation } from '../../src/domain/campaign/campaign.ts';
import type { KilnClient } from '../../src/client/create-client.ts';
import { ownAddition, paidCampaigns, untilCampaign } from '../support/agents/paid-campaigns.ts';
import { doneEvents, processesNaming, startKiln } from '../support/kiln-process.ts';
import { HANG_MS } from '../support/limits.ts';

const AGENTS = 100;
const BUDGET_USD = 9;
const MODEL = 'claude-sonnet-5-5';
const SETTINGS = `agents: {generators: {claude: {kind: claude, model: ${MODEL}, maxTokens: 1024}}}\n`;
/** What each answer is billed with: about a third of what is reserved for it. */
const USAGE = { input_tokens: 6000, cache_creation_input_tokens: 0, cache_read_input_tokens: 5000, output_tokens: 900 };
/** The daemon is killed whenever so many are judged; what is reserved for requests that are cut off leaves the budget enough to come there. */
const JUDGED_BEFORE_KILLS = [20, 50];
/** Each such answer takes so long that a kill cuts some off, on a busy machine too. */
const [SLOW_EVERY, SLOW_MS] = [5, 5000];
const PAGE = 1000;

const rig = paidCampaigns();

const until = async (client: KilnClient, id: string, isSo: (view: CampaignView) => boolean): Promise<CampaignView> =>
  untilCampaign(client, id, isSo, { timeoutMs: HANG_MS });

const generationsOf = async (client: KilnClient, id: string): Promise<Generation[]> => {
  const rows: Generation[] = [];
  for (;;) {
    const { generations } = await client.generations(id, { after: rows.at(-1)?.number ?? 0, limit: PAGE });
    rows.push(...generations);
    if (generations.length < PAGE) return rows;
  }
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const reserveOf = ({ state }: Generation): number => (state.status === 'lost' ? state.reservedMicros : 0);

test('a campaign of 100 agents whose daemon is killed pays for no answer twice, loses no candidate and keeps its budget', async () => {
  const { service, folder } = await rig.begin(
    ({ number }) => ({
      // Each answer is told apart by its idea.
      input: { language: 'cuda', idea: `answer ${number}`, source: ownAddition(number) },
      usage: USAGE,
      latencyMs: number % SLOW_EVERY === 0 ? SLOW_MS : 100 + ((number * 37) % 400),
      chunkDelayMs: 10,
    }),
    { devices: 4, settings: SETTINGS },
  );
  let kiln = await startKiln(folder);
  const spec = { problems: ['vector_add'], devices: ['simulated'], agents: AGENTS, start: { seeds: 'none' as const } };
  const { id } = await kiln.client.createCampaign({ ...spec, budget: { usd: BUDGET_USD } });
  for (const judged of JUDGED_BEFORE_KILLS) {
    const { status } = await until(
      kiln.client,
      id,
      (view) => view.status === 'finished' || (view.generations.judged >= judged && view.generations.asked > 0),
    );
    expect(status).toBe('running');
    await kiln.kill();
    kiln = await startKiln(folder);
  }
  const view = await until(kiln.client, id, ({ status }) => status === 'finished');
  const rows = await generationsOf(kiln.client, id);

  // No answer is paid twice: every row that cost something has an answer of its own, at the price that the service took.
  const paid = rows.filter(({ usage }) => usage.micros > 0);
  expect(new Set(paid.map(({ idea }) => idea)).size).toBe(paid.length);
  const prices = pricesOf(MODEL);
  if (!prices) throw new Error(`no prices for ${MODEL}`);
  const billed = new Map(
    service.billed.map(({ request, usage }) => [
      `answer ${request.number}`,
      microsOf(
        {
          inputTokens: usage.input_tokens,
          cacheWriteTokens: usage.cache_creation_input_tokens,
          cacheReadTokens: usage.cache_read_input_tokens,
          outputTokens: usage.output_tokens,
        },
        prices,
      ),
    ]),
  );
  expect(billed.size).toBe(service.billed.length);
  for (const { idea, usage } of paid) expect(usage.micros).toBe(billed.get(idea));

  // What was cut off is lost, once each, and counts with its reserve; nothing else is.
  const lost = rows.filter(({ state }) => state.status === 'lost');
  expect(lost.length).toBeGreaterThan(0);
  expect(service.requests.length).toBeLessThanOrEqual(paid.length + lost.length);
  expect(billed.size - paid.length).toBeLessThanOrEqual(lost.length);

  // No candidate is lost: whatever was answered has one verdict.
  expect(view.generations).toMatchObject({ asked: 0, answered: 0, submitted: 0 });
  // Params are tried beside, for nothing.
  const written = rows.filter(({ generator }) => generator !== 'evolve');
  const failures = written.flatMap(({ number, state }) =>
    state.status === 'failed' ? [`${number}: ${state.failure}: ${state.message}`] : [],
  );
  expect(failures.join('\n')).toBe('');
  const candidates = new Set(written.flatMap(({ state }) => (state.status === 'judged' ? [state.candidateId] : [])));
  expect(candidates.size).toBe(paid.length);
  const verdicts = await doneEvents(kiln.client, candidates);
  expect(verdicts.size).toBe(paid.length);
  expect([...verdicts.values()].every((count) => count === 1)).toBe(true);

  // The budget is kept to the cent, and the account is the service's bill and the reserves of what was lost.
  const accountMicros = sum(rows.map(({ usage }) => usage.micros)) + sum(rows.map(reserveOf));
  expect(Math.round(view.spent.usd * 1e6)).toBe(accountMicros);
  expect(accountMicros).toBeLessThanOrEqual(BUDGET_USD * 1e6);
  expect(sum([...billed.values()])).toBeLessThanOrEqual(accountMicros);
  expect(view.spent.reservedUsd).toBe(0);
  expect(view.reason).toContain('the next request may cost up to');
  expect(service.open.most).toBeGreaterThan(AGENTS / 2);
  expect(service.open.most).toBeLessThanOrEqual(AGENTS);
  process.stdout.write(
    `${service.requests.length} requests, ${billed.size} billed, ${paid.length} kept, ${lost.length} lost; ` +
      `spent ${view.spent.usd} of ${BUDGET_USD} usd, billed ${sum([...billed.values()]) / 1e6}\n`,
  );
  await kiln.stop();
  await folder.ended();
  expect(processesNaming(folder.path)).toEqual([]);
});
