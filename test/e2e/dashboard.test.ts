/** The dashboard in a real Chromium, over a daemon that judges on the cpu device: one daemon, one browser, for all of it. */
import { readFileSync } from 'node:fs';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sweepIds } from '../../src/cli/sweep-ids.ts';
import { createClient, type KilnClient } from '../../src/client/create-client.ts';
import { EVIL, EVIL_NAME, LONG_LOG, LONG_SOURCE } from '../support/hostile-candidates.ts';
import { CHROMIUM, openBrowser, putToSleep } from '../support/chromium.ts';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.ts';
import { kilnFolder, type KilnFolder, type KilnProcess, startKiln, untilDone } from '../support/kiln-process.ts';
import { HANG_MS } from '../support/limits.ts';

const FLEET = 'hosts:\n  - {name: local, local: {}, cpu: true, gpus: none}\n';
const TOKEN = 'a-token-for-this-test-alone';
/** Longer than what a page takes for a timer that was late. */
const ASLEEP_MS = 7000;
const AXE = axe.source;
const RULES = { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] } };

const SEED = readFileSync('kernels/vector_add/seeds/1-restrict.c', 'utf8');
const SWEPT = readFileSync('kernels/vector_add/seeds/2-vectors.c', 'utf8');

let folder: KilnFolder;
let kiln: KilnProcess;
let client: KilnClient;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[] = [];
/** The browser's way to the daemon, which can be cut. */
let proxy: CuttingProxy;
let site = '';
let wrong = 0;
const ids = { passed: '', hostile: '', refused: '', sweep: '', campaign: '' };

const open = async (path: string): Promise<void> => {
  await page.goto(`${site}${path}`);
  await page.locator('main h1').first().waitFor({ state: 'attached', timeout: HANG_MS });
};

/** Everything that a page asks for at first has arrived. */
const settled = async (): Promise<void> => {
  await page.getByText('Reading…').first().waitFor({ state: 'detached', timeout: HANG_MS });
  await page.locator('.live.live').waitFor({ timeout: HANG_MS });
};

/** What a person who cannot see or use a mouse would stumble over. */
const obstacles = async (): Promise<readonly string[]> => {
  await page.evaluate(AXE);
  return page.evaluate<string[]>(
    `axe.run(document, ${JSON.stringify(RULES)}).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 160)).join(' | ')))`,
  );
};

/** Console errors, dialogs and requests to elsewhere. */
const listenFor = (one: Page): void => {
  one.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  one.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  one.on('dialog', (dialog) => complaints.push(`asked "${dialog.message()}"`));
  one.on('request', (request) => {
    if (!request.url().startsWith(`${site}/`) && !request.url().startsWith('blob:')) complaints.push(`asked ${request.url()}`);
  });
};

const submit = async (source: string, submitter: string, trial = 0): Promise<string> => {
  const { candidates } = await client.submit([{ problem: 'vector_add', language: 'c', device: 'cpu', source, submitter, trial }]);
  return candidates[0]?.id ?? '';
};

/** The list of the last verdicts is full of what came while it listened. */
const hearTwelve = async (): Promise<void> => {
  const plans = Array.from({ length: 12 }, () => SEED.replace('[a, b, out, n]', `[a, b, out, m${(wrong += 1)}]`));
  const bad = await Promise.all(plans.map(async (source) => submit(source, 'live')));
  await untilDone(client, new Set(bad));
  await page
    .locator(`main a[href="/candidates/${bad.at(-1) ?? ''}"]`)
    .first()
    .waitFor();
};
const missed = async (trial: number): Promise<string> => {
  const id = await submit(SEED, 'missed', trial);
  await untilDone(client, new Set([id]));
  return id;
};
const isShown = async (id: string): Promise<void> => {
  await page.locator(`main a[href="/candidates/${id}"]`).first().waitFor();
};

const focused = async (): Promise<string> => page.evaluate<string>('document.activeElement.textContent.trim()');
const tabTo = async (text: string, most = 40): Promise<void> => {
  for (let press = 0; press < most && (await focused()) !== text; press += 1) await page.keyboard.press('Tab');
  expect(await focused()).toBe(text);
};

describe.skipIf(CHROMIUM === null)('the dashboard (skipped where no Chromium is installed)', () => {
  beforeAll(async () => {
    folder = kilnFolder(FLEET, { KILN_TOKEN: TOKEN, KILN_LOG_LEVEL: 'warn' });
    [kiln, browser] = await Promise.all([startKiln(folder), openBrowser()]);
    proxy = await startCuttingProxy(Number(new URL(kiln.url).port));
    site = `http://127.0.0.1:${proxy.port}`;
    client = createClient({ url: kiln.url, token: TOKEN });
    ids.passed = await submit(SEED, 'somebody');
    ids.hostile = await submit(LONG_SOURCE, EVIL_NAME);
    ids.refused = await submit(LONG_LOG, EVIL_NAME);
    const sweep = await client.createSweep({
      candidate: { problem: 'vector_add', language: 'c', device: 'cpu', source: `${SWEPT}\n// ${EVIL}\n`, submitter: EVIL_NAME },
      space: { WIDTH: [4, 8], UNROLL: [1, 2] },
    });
    ids.sweep = sweep.id;
    ids.campaign = (
      await client.createCampaign({
        name: EVIL_NAME,
        problems: ['vector_add'],
        devices: ['cpu'],
        agents: 1,
        generators: [{ name: 'evolve' }],
        budget: { candidates: 1 },
      })
    ).id;
    await untilDone(client, new Set([ids.passed, ids.hostile, ids.refused, ...(await sweepIds(client, sweep.id))]));
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    page.setDefaultTimeout(HANG_MS);
    listenFor(page);
  });
  afterAll(async () => {
    await browser.close();
    await proxy.stop();
    await kiln.stop();
    folder.remove();
  });
  beforeEach(() => {
    complaints = [];
  });

  test('signs in with the token, and leads to the page that was wanted', async () => {
    await page.goto(`${site}/problems/vector_add?tab=docs`);
    await page.getByLabel('Token of this daemon').fill(TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'vector_add', exact: true, level: 1 }).waitFor();
    expect(page.url()).toBe(`${site}/problems/vector_add?tab=docs`);
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
    ['a difference from the record', () => `/candidates/${ids.passed}?tab=source&against=record`],
    ['a profile', () => `/candidates/${ids.passed}?tab=profile`],
    ['a launch plan', () => `/candidates/${ids.passed}?tab=plan`],
    ['a hostile candidate', () => `/candidates/${ids.hostile}`],
    ['a hostile source of 256 KiB', () => `/candidates/${ids.hostile}?tab=source`],
    ["a hostile candidate's plan", () => `/candidates/${ids.hostile}?tab=plan`],
    ['a hostile log of 4 MB', () => `/candidates/${ids.refused}`],
    ['a ranking of one submitter', () => `/problems/vector_add?submitter=${encodeURIComponent(EVIL_NAME)}`],
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

  test('shows verdicts as they come, and tells its words on every page that lists them', async () => {
    await open('/');
    await settled();
    const first = await submit(SEED, 'live', 1);
    await page.locator(`main a[href="/candidates/${first}"]`).first().waitFor();
    for (const path of ['/candidates', '/problems/vector_add', '/campaigns']) {
      await open(path);
      await page.locator('main bdi', { hasText: '<img src=x onerror' }).first().waitFor();
    }
    expect(complaints).toEqual([]);
  });

  test('catches up with what it missed while the daemon could not be reached, and says so meanwhile', async () => {
    await open('/');
    await settled();
    await hearTwelve();
    const { port } = proxy;
    await proxy.stop();
    await page.locator('.live.lost').waitFor();
    const id = await missed(3);
    proxy = await startCuttingProxy(Number(new URL(kiln.url).port), port);
    await isShown(id);
    await expect.poll(async () => page.locator('.live.live').count()).toBe(1);
  });

  test('catches up with what it missed while the computer slept, though its connection never ended', async () => {
    await open('/');
    await settled();
    await hearTwelve();
    const wake = putToSleep();
    const from = performance.now();
    proxy.freeze();
    const id = await missed(4);
    await expect.poll(() => performance.now() - from).toBeGreaterThan(ASLEEP_MS);
    wake();
    await isShown(id);
    await expect.poll(async () => page.locator('.live.live').count()).toBe(1);
  });

  test('keeps what is chosen in the address', async () => {
    await open('/candidates');
    await page.getByLabel('Verdict').selectOption('compile_error');
    await expect.poll(() => page.url()).toBe(`${site}/candidates?verdict=compile_error`);
    await page.reload();
    await page.locator(`main a[href="/candidates/${ids.refused}"]`).first().waitFor();
    expect(await page.locator('main tbody tr').count()).toBe(1);
  });

  test('is used with the keyboard alone', async () => {
    await open('/');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('To the content');
    await tabTo('Problems');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Problems', level: 1 }).waitFor();
    expect(await page.evaluate('document.activeElement.tagName')).toBe('MAIN');
    await page.locator('main a[href="/problems/vector_add"]').first().waitFor();
    await tabTo('vector_add', 80);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'vector_add', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Speed-up over time' }).waitFor();
    await tabTo('Speed-up over time');
    await page.keyboard.press('Enter');
    await expect.poll(() => new URL(page.url()).searchParams.get('tab')).toBe('progress');
    await page.getByRole('button', { name: 'Candidates', exact: true }).waitFor();
    await tabTo('Candidates');
    await page.keyboard.press('Space');
    await expect.poll(() => new URL(page.url()).searchParams.get('axis')).toBe('judged');
  });

  test('shows where the keyboard is, wherever it goes', async () => {
    await open(`/candidates/${ids.passed}`);
    await settled();
    const places = new Set<string>();
    for (let press = 0; press < 60; press += 1) {
      await page.keyboard.press('Tab');
      const place = await page.evaluate<string>(
        `(() => { const e = document.activeElement; if (e === document.body) return ''; const s = getComputedStyle(e); return [e.tagName, e.textContent.slice(0, 30), s.outlineStyle, s.outlineWidth].join('|'); })()`,
      );
      if (place === '') break;
      expect(place).toMatch(/\|(?:solid|auto)\|[1-9]/u);
      places.add(place);
    }
    expect(places.size).toBeGreaterThan(15);
  });

  const shared = [
    ['a ranking', () => '/problems/vector_add?language=c'],
    ['a candidate', () => `/candidates/${ids.hostile}?tab=source`],
    ['a sweep', () => `/sweeps/${ids.sweep}`],
    ['a campaign', () => `/campaigns/${ids.campaign}`],
  ] as const;

  test.each(shared)(
    'shares %s with who has no token: to read, that page alone, without a word of the token',
    async (_what, path) => {
      await open(path());
      await page.getByText('Share', { exact: true }).click();
      await page.getByRole('button', { name: 'Make a link' }).click();
      const link = await page.locator('.sheet code').innerText();
      const stranger = await browser.newContext();
      const visit = await stranger.newPage();
      visit.setDefaultTimeout(HANG_MS);
      const bodies: Promise<string>[] = [];
      listenFor(visit);
      visit.on('response', (response) => bodies.push(response.text().catch(() => '')));
      await visit.goto(link);
      await visit.getByText('this page alone').waitFor();
      await visit.locator('main h1').first().waitFor();
      await visit.getByText('Reading…').first().waitFor({ state: 'detached', timeout: HANG_MS });
      expect(await visit.getByRole('navigation', { name: 'Pages' }).count()).toBe(0);
      expect(
        await visit.getByRole('button', { name: /^(?:Judge again|Cancel|Pause|Stop for good|Make a link|Profile it)$/u }).count(),
      ).toBe(0);
      const links = await visit.evaluate<readonly string[]>(
        `[...document.querySelectorAll('main a[href]')].map((one) => one.getAttribute('href'))`,
      );
      expect(links.filter((href) => !href.startsWith('/shared/') && !href.startsWith('#'))).toEqual([]);
      const told = [...(await Promise.all(bodies)), await visit.content(), link].join('');
      expect(told.includes(TOKEN)).toBe(false);
      expect(await stranger.cookies()).toEqual([]);
      expect(complaints).toEqual([]);
      await stranger.close();
    },
  );

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

  test('reads the points of a sweep that are judged once', async () => {
    const asked: string[] = [];
    let streams = 0;
    const note = (url: string): void => {
      if (url.includes(`/v1/sweeps/${ids.sweep}/points`)) asked.push(new URL(url).search);
      if (url.startsWith(`${site}/v1/events`)) streams += 1;
    };
    page.on('request', (request) => note(request.url()));
    await open(`/sweeps/${ids.sweep}`);
    await settled();
    // Where a page that stood still takes another stream, what came meanwhile is read with all the others.
    for (let trial = 10; trial < 20 && !asked.includes('?after=3'); trial += 1) {
      const before = asked.length;
      await untilDone(client, new Set([await submit(SEED, 'beside', trial)]));
      await expect.poll(() => asked.length).toBeGreaterThan(before);
    }
    expect(asked).toContain('?after=3');
    // At first, and with each stream that began without a word of what had been before.
    expect(asked.filter((search) => search === '?after=-1').length).toBeLessThanOrEqual(1 + streams);
    expect(await page.locator('main tbody tr').count()).toBe(4);
  });

  test('leads to the sign-in when the session has ended', async () => {
    await open('/candidates');
    await context.clearCookies();
    await page.reload();
    await page.getByLabel('Token of this daemon').waitFor();
    expect(new URL(page.url()).searchParams.get('next')).toBe('/candidates');
  });
});
