/** The dashboard in a real Chromium, over a daemon that judges on the cpu device: one daemon, one browser, for all of it. */
import { readFileSync } from 'node:fs';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sweepIds } from '../../src/cli/sweep-ids.ts';
import { createClient, type KilnClient } from '../../src/client/create-client.ts';
import { CHROMIUM, openBrowser } from '../support/chromium.ts';
import { kilnFolder, type KilnFolder, type KilnProcess, startKiln, untilDone } from '../support/kiln-process.ts';

const FLEET = 'hosts:\n  - {name: local, local: {}, cpu: true, gpus: none}\n';
const TOKEN = 'a-token-for-this-test-alone';
/** Only what hangs takes longer, also on a machine that is busy with other things. */
const WAIT_MS = 300_000;
const AXE = axe.source;
const RULES = { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] } };

/** What it says of itself, in its source, its names and the compiler's messages: markup, ANSI, text that turns around, and a lot of it. */
const EVIL = '<img src=x onerror=document.title="owned"><script>document.title="owned"</script>\u202E\u001B[31mred\u001B[0m';
const HOSTILE = `/* kiln\nlaunch:\n  - {kernel: add, args: [a, b, out, n]}\n*/\n${`#error ${EVIL}\n`.repeat(1500)}`;
const SEED = readFileSync('kernels/vector_add/seeds/1-restrict.c', 'utf8');
const SWEPT = readFileSync('kernels/vector_add/seeds/2-vectors.c', 'utf8');

let folder: KilnFolder;
let kiln: KilnProcess;
let client: KilnClient;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[] = [];
const ids = { passed: '', hostile: '', sweep: '', campaign: '' };

const open = async (path: string): Promise<void> => {
  await page.goto(`${kiln.url}${path}`);
  await page.locator('main h1').first().waitFor({ state: 'attached', timeout: WAIT_MS });
};

/** Everything that a page asks for at first has arrived. */
const settled = async (): Promise<void> => {
  await page.getByText('Reading…').first().waitFor({ state: 'detached', timeout: WAIT_MS });
  await page.locator('.live.live').waitFor({ timeout: WAIT_MS });
};

/** What a person who cannot see or use a mouse would stumble over. */
const obstacles = async (): Promise<readonly string[]> => {
  await page.evaluate(AXE);
  return page.evaluate<string[]>(
    `axe.run(document, ${JSON.stringify(RULES)}).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 160)).join(' | ')))`,
  );
};

const submit = async (source: string, submitter: string, trial = 0): Promise<string> => {
  const { candidates } = await client.submit([{ problem: 'vector_add', language: 'c', device: 'cpu', source, submitter, trial }]);
  return candidates[0]?.id ?? '';
};

describe.skipIf(CHROMIUM === null)('the dashboard (skipped where no Chromium is installed)', () => {
  beforeAll(async () => {
    folder = kilnFolder(FLEET, { KILN_TOKEN: TOKEN, KILN_LOG_LEVEL: 'warn' });
    [kiln, browser] = await Promise.all([startKiln(folder), openBrowser()]);
    client = createClient({ url: kiln.url, token: TOKEN });
    ids.passed = await submit(SEED, 'somebody');
    ids.hostile = await submit(HOSTILE, EVIL.slice(0, 64));
    const sweep = await client.createSweep({
      candidate: { problem: 'vector_add', language: 'c', device: 'cpu', source: SWEPT, submitter: 'a-sweep' },
      space: { WIDTH: [4, 8], UNROLL: [1, 2] },
    });
    ids.sweep = sweep.id;
    ids.campaign = (
      await client.createCampaign({
        problems: ['vector_add'],
        devices: ['cpu'],
        agents: 1,
        generators: [{ name: 'evolve' }],
        budget: { candidates: 1 },
      })
    ).id;
    await untilDone(client, new Set([ids.passed, ids.hostile, ...(await sweepIds(client, sweep.id))]), WAIT_MS);
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
    page.on('dialog', (dialog) => complaints.push(`asked "${dialog.message()}"`));
    page.on('request', (request) => {
      if (!request.url().startsWith(`${kiln.url}/`) && !request.url().startsWith('blob:'))
        complaints.push(`asked ${request.url()}`);
    });
  });
  afterAll(async () => {
    await browser.close();
    await kiln.stop();
    folder.remove();
  });
  beforeEach(() => {
    complaints = [];
  });

  test('signs in with the token, and leads to the page that was wanted', async () => {
    await page.goto(`${kiln.url}/problems/vector_add?tab=docs`);
    await page.getByLabel('Token of this daemon').fill(TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'vector_add', exact: true, level: 1 }).waitFor();
    expect(page.url()).toBe(`${kiln.url}/problems/vector_add?tab=docs`);
  });

  const pages: readonly (readonly [string, () => string])[] = [
    ['the overview', () => '/'],
    ['the fleet', () => '/fleet'],
    ['the problems', () => '/problems'],
    ['a ranking', () => '/problems/vector_add'],
    ['speed-up over time', () => '/problems/vector_add?tab=progress'],
    ['the cases of the record', () => '/problems/vector_add?tab=cases'],
    ['a problem', () => '/problems/vector_add?tab=docs'],
    ['the candidates', () => '/candidates'],
    ['a candidate', () => `/candidates/${ids.passed}`],
    ['a source', () => `/candidates/${ids.passed}?tab=source`],
    ['a difference', () => `/candidates/${ids.passed}?tab=source&against=other&other=${ids.hostile}`],
    ['a launch plan', () => `/candidates/${ids.passed}?tab=plan`],
    ['a hostile candidate', () => `/candidates/${ids.hostile}`],
    ['a hostile source', () => `/candidates/${ids.hostile}?tab=source`],
    ['the sweeps', () => '/sweeps'],
    ['a sweep', () => `/sweeps/${ids.sweep}`],
    ['the campaigns', () => '/campaigns'],
    ['a campaign', () => `/campaigns/${ids.campaign}`],
    ['the form to submit', () => '/submit'],
  ];

  test.each(pages)('%s has no obstacle, no error, asks nobody else, and takes text as text', async (_name, path) => {
    await open(path());
    await settled();
    expect(await obstacles()).toEqual([]);
    expect(await page.locator('main img, main script').count()).toBe(0);
    const shown = await page.locator('main').innerText();
    expect(['\u001B', '\u202E'].filter((steering) => shown.includes(steering))).toEqual([]);
    expect(await page.title()).not.toBe('owned');
    expect(complaints).toEqual([]);
  });

  test.each(['dark', 'light'] as const)('has enough contrast in %s, also on a phone', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 390, height: 844 });
    await open(`/candidates/${ids.passed}`);
    await settled();
    expect(await obstacles()).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    await page.emulateMedia({ colorScheme: null });
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test('shows verdicts as they come, and what it missed while it had no connection', async () => {
    await open('/');
    await settled();
    const first = await submit(SEED, 'live', 1);
    await page.locator(`main a[href="/candidates/${first}"]`).first().waitFor();
    await context.setOffline(true);
    const second = await submit(SEED, 'live', 2);
    await untilDone(client, new Set([second]), WAIT_MS);
    await context.setOffline(false);
    await open('/candidates?submitter=live');
    await page.locator(`main a[href="/candidates/${second}"]`).first().waitFor();
    expect(await page.locator('main tbody tr').count()).toBe(2);
  });

  test('keeps what is chosen in the address', async () => {
    await open('/candidates');
    await page.getByLabel('Verdict').selectOption('compile_error');
    await expect.poll(() => page.url()).toBe(`${kiln.url}/candidates?verdict=compile_error`);
    await page.reload();
    await page.locator(`main a[href="/candidates/${ids.hostile}"]`).first().waitFor();
    expect(await page.locator('main tbody tr').count()).toBe(1);
  });

  test('is used with the keyboard alone', async () => {
    await open('/');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('To the content');
    for (let press = 0; press < 10 && (await page.evaluate('document.activeElement.textContent')) !== 'Problems'; press += 1)
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Problems', level: 1 }).waitFor();
    expect(await page.evaluate('document.activeElement.tagName')).toBe('MAIN');
  });

  test('says what is wrong with a plan and where, before anything is sent, and brings the verdict', async () => {
    await open('/submit?problem=vector_add&device=cpu');
    const bad = SEED.replace('[a, b, out, n]', '[a, b, out, m]');
    await page.locator('#source').fill(bad.replace('launch:', 'launch: nothing'));
    await page.getByRole('button', { name: /^Go to line \d+$/u }).waitFor();
    await page.locator('#source').fill(bad);
    await page.getByText('unknown argument "m"').waitFor();
    await page.locator('#source').fill(`${SEED}// by hand\n`);
    await page.getByText('The plan is good').waitFor();
    await page.getByRole('button', { name: 'Submit', exact: true }).click();
    const verdict = page.locator('.notice.good .badge', { hasText: 'passed' });
    await verdict.waitFor();
    expect(await verdict.count()).toBe(1);
  });

  test('saves a table as CSV', async () => {
    await open('/candidates');
    await page.locator('main tbody tr').first().waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
    const text = readFileSync(await download.path(), 'utf8');
    expect(text.split('\r\n')[0]).toBe(
      'Candidate,Status,Problem,Device,Speed-up,95 % interval,Time,Language,Params,Submitter,Submitted',
    );
    expect(text).toContain(ids.hostile);
  });

  test('leads to the sign-in when the session has ended', async () => {
    await open('/candidates');
    await context.clearCookies();
    await page.reload();
    await page.getByLabel('Token of this daemon').waitFor();
    expect(new URL(page.url()).searchParams.get('next')).toBe('/candidates');
  });
});
