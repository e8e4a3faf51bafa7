/** The ranking in a real Chromium, of params that need much room. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SubmitCandidate } from '../../../src/domain/api/candidates.ts';
import { CHROMIUM, openBrowser } from '../../support/chromium.ts';
import { passed, score } from '../../support/server/fake-outcomes.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const WAIT_MS = 120_000;
const HEIGHT = 800;
const REGION = "document.querySelector('.scroll.tall')";
const TO_THE_END = `${REGION}.scrollTo({ left: ${REGION}.scrollWidth })`;
const FADE = `getComputedStyle(${REGION}).getPropertyValue('--fade')`;
const PARAMS = { WIDTH: 64, UNROLL: 4, BLOCK_SIZE_M: 128, BLOCK_SIZE_N: 64, STAGES: 3, PREFETCH: 1 };

describe.skipIf(CHROMIUM === null)('the ranking (skipped where no Chromium is installed)', () => {
  let server: FakeServer;
  let browser: Browser;
  beforeAll(async () => {
    server = await serveFake();
    const wanted = { problem: 'vector_add', language: 'c', device: 'cpu', source: 'void f(void) {}', params: PARAMS };
    const { candidates } = await server.kiln.submit([SubmitCandidate.parse(wanted)]);
    for (const { id } of candidates) server.kiln.finish(id, passed(2), score(2));
    browser = await openBrowser();
  }, WAIT_MS);
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  test.each([1280, 1920])(
    'shows the params without scrolling at a width of %d, and what lies behind it by scrolling',
    async (width) => {
      const page = await browser.newPage({ viewport: { width, height: HEIGHT } });
      await page.goto(`${server.url}/problems/vector_add`);
      const region = page.getByRole('region', { name: /^Ranking on/ });
      await region.waitFor({ timeout: WAIT_MS });
      const rightOf = async (title: string): Promise<number> => {
        const box = await region.getByRole('columnheader', { name: title, exact: true }).boundingBox();
        return (box?.x ?? Infinity) + (box?.width ?? 0);
      };
      expect(await rightOf('Params')).toBeLessThan(width);
      await page.evaluate(TO_THE_END);
      expect(await rightOf('Language')).toBeLessThan(width);
      await page.close();
    },
    WAIT_MS,
  );

  test(
    'fades at its side while more is behind it',
    async () => {
      const page = await browser.newPage({ viewport: { width: 1280, height: HEIGHT } });
      await page.goto(`${server.url}/problems/vector_add`);
      const region = page.getByRole('region', { name: /^Ranking on/ });
      await region.waitFor({ timeout: WAIT_MS });
      const fade = async (): Promise<number> => parseFloat(await page.evaluate<string>(FADE));
      await expect.poll(fade, { timeout: WAIT_MS }).toBeGreaterThan(0);
      await page.evaluate(TO_THE_END);
      await expect.poll(fade, { timeout: WAIT_MS }).toBe(0);
      await page.close();
    },
    WAIT_MS,
  );
});
