/** Wide tables in a real Chromium, with params and names that need much room. */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SubmitCandidate, SummaryList } from '../../../src/domain/api/candidates.ts';
import { CHROMIUM, openBrowser } from '../../support/chromium.ts';
import { passed, score } from '../../support/server/fake-outcomes.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';
import { HANG_MS } from '../../support/limits.ts';

const HEIGHT = 800;
const REGION = "document.querySelector('.scroll.tall')";
const TO_THE_END = `${REGION}.scrollTo({ left: ${REGION}.scrollWidth })`;
const FADE = `getComputedStyle(${REGION}).getPropertyValue('--fade')`;
/** Pixels that are behind the side of the table. */
const HIDDEN = `${REGION}.scrollWidth - ${REGION}.clientWidth`;
const CUT_HEADERS = `[...${REGION}.querySelectorAll('th')].filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)`;
const PARAMS = { WIDTH: 64, UNROLL: 4, BLOCK_SIZE_M: 128, BLOCK_SIZE_N: 64, STAGES: 3, PREFETCH: 1 };
const SUBMITTER = 'campaign-paged-attention-agents';
const SPEEDUPS = [2, 17.25, 141.5];

describe.skipIf(CHROMIUM === null)('wide tables (skipped where no Chromium is installed)', () => {
  let server: FakeServer;
  let browser: Browser;
  beforeAll(async () => {
    server = await serveFake();
    const wanted = { problem: 'vector_add', language: 'c', device: 'cpu', params: PARAMS, submitter: SUBMITTER };
    for (const speedup of SPEEDUPS) {
      const { candidates } = await server.kiln.submit([
        SubmitCandidate.parse({ ...wanted, source: `void f(void) {} // ${speedup}` }),
      ]);
      for (const { id } of candidates) server.kiln.finish(id, passed(speedup), score(speedup));
    }
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  const openAt = async (width: number, path: string, region: RegExp): Promise<{ page: Page; region: Locator }> => {
    const page = await browser.newPage({ viewport: { width, height: HEIGHT } });
    page.setDefaultTimeout(HANG_MS);
    await page.route('**/v1/summaries?*', async (route) => route.fulfill({ json: SUMMARIES }));
    await page.goto(`${server.url}${path}`);
    const found = page.getByRole('region', { name: region });
    await found.waitFor();
    return { page, region: found };
  };

  test.each([
    ['the ranking', 1280, '/problems/vector_add', /^Ranking on/u],
    ['the ranking', 1920, '/problems/vector_add', /^Ranking on/u],
    ['the list of candidates', 1280, `/candidates?submitter=${SUBMITTER}`, /^Candidates, newest/u],
  ])('show every column of %s at a width of %d, each with its whole title', async (...[, width, path, name]) => {
    const { page } = await openAt(width, path, name);
    expect(await page.evaluate<number>(HIDDEN)).toBe(0);
    expect(await page.evaluate<string[]>(CUT_HEADERS)).toEqual([]);
    await page.close();
  });

  test('say in full what they cut', async () => {
    const { page, region } = await openAt(1280, '/problems/vector_add', /^Ranking on/u);
    const cut = region.getByTitle('BLOCK_SIZE_N=64', { exact: false }).first();
    expect(await cut.getAttribute('title')).toContain('PREFETCH=1');
    expect(await region.getByTitle(SUBMITTER, { exact: true }).count()).toBe(SPEEDUPS.length);
    await page.close();
  });

  test('fade at their side while more is behind it', async () => {
    const { page } = await openAt(800, '/problems/vector_add', /^Ranking on/u);
    const fade = async (): Promise<number> => parseFloat(await page.evaluate<string>(FADE));
    await expect.poll(fade).toBeGreaterThan(0);
    await page.evaluate(TO_THE_END);
    await expect.poll(fade).toBe(0);
    await page.close();
  });
});

const SUMMARY = {
  id: `c-${'3f'.repeat(16)}`,
  problem: 'paged_attention_decode_long',
  device: 'H100',
  language: 'triton',
  params: PARAMS,
  submitter: SUBMITTER,
  sweepId: null,
  trial: 0,
  status: 'done',
  verdict: 'modified_input',
  speedup: 17.25,
  speedupLow: 17.05,
  speedupHigh: 17.45,
  timeNs: 123_456,
  confirmed: true,
  stoppedEarly: false,
  answers: null,
  submittedAt: '2026-01-02T03:04:05.000Z',
  finishedAt: '2026-01-02T03:04:05.000Z',
};
const SUMMARIES = SummaryList.parse({ candidates: [SUMMARY], next: null });
