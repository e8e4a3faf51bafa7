/**
 * Pictures of every page of a dashboard that runs, for docs/dashboard.md: node scripts/dashboard/screenshots.ts URL FOLDER [PAGE…]
 * `kiln demo --open` fills one. It ends with 1 when a page wrote an error to the console or asked another address.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { createClient, type KilnClient } from '../../src/client/create-client.ts';
import type { CandidateId } from '../../src/domain/ids.ts';

const ROOT = join(import.meta.dirname, '../..');
const CHROMIUM = '/usr/bin/chromium';
const WIDE = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
/** Answers and plots are there some time after the page; lanes want something to show. */
const SETTLE_MS = 4000;

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly size?: { readonly width: number; readonly height: number };
  readonly scheme?: 'light' | 'dark';
  /** Written into the form. */
  readonly source?: string;
}

/** What the pictures are of; an empty id where the fleet has none. */
const subjectsOf = async (client: KilnClient) => {
  const { campaigns } = await client.campaigns();
  const [campaign] = campaigns;
  const { candidates } = await client.candidates({ submitter: `campaign:${campaign?.id ?? ''}`, verdict: 'passed', limit: 50 });
  const any = (await client.candidates({ verdict: 'passed', device: 'cpu', limit: 1 })).candidates;
  const bestOf = (list: typeof candidates) =>
    list.toSorted((one, other) => (other.score?.rankKey ?? 0) - (one.score?.rankKey ?? 0))[0];
  // One that a campaign wrote has a parent to differ from.
  const written = bestOf(candidates) ?? bestOf(any);
  const wrong = (await client.candidates({ verdict: 'wrong_answer', limit: 1 })).candidates[0];
  const { sweeps } = await client.sweeps();
  const sweep = sweeps.toSorted((a, b) => b.passed - a.passed)[0];
  const changed = await firstWithNewSource(client, candidates);
  return {
    written: written?.id ?? '',
    changed: changed ?? written?.id ?? '',
    wrong: wrong?.id ?? '',
    sweep: sweep?.id ?? '',
    campaign: campaign?.id ?? '',
  };
};

/** Whose source is another than its parent's: many differ in their params alone. */
const firstWithNewSource = async (
  client: KilnClient,
  candidates: readonly { readonly id: CandidateId }[],
): Promise<CandidateId | null> => {
  for (const { id } of candidates) {
    const [parent] = (await client.origin(id)).generation?.parents ?? [];
    if (parent !== undefined && (await client.source(id)).source !== (await client.source(parent)).source) return id;
  }
  return null;
};

const shotsOf = ({ written, changed, wrong, sweep, campaign }: Awaited<ReturnType<typeof subjectsOf>>): readonly Shot[] => [
  { name: 'overview', path: '/' },
  { name: 'overview-dark', path: '/', scheme: 'dark' },
  { name: 'overview-phone', path: '/', size: PHONE },
  { name: 'fleet', path: '/fleet' },
  { name: 'problems', path: '/problems' },
  { name: 'ranking', path: '/problems/softmax?device=simulated' },
  { name: 'ranking-phone', path: '/problems/softmax', size: PHONE },
  { name: 'progress', path: '/problems/vector_add?tab=progress&device=simulated&axis=judged' },
  { name: 'cases', path: '/problems/softmax?tab=cases&device=cpu' },
  { name: 'problem', path: '/problems/softmax?tab=docs' },
  { name: 'candidates', path: '/candidates' },
  { name: 'candidate', path: `/candidates/${written}` },
  { name: 'source', path: `/candidates/${written}?tab=source`, scheme: 'dark' },
  { name: 'difference', path: `/candidates/${changed}?tab=source&against=parent` },
  { name: 'plan', path: `/candidates/${written}?tab=plan` },
  { name: 'wrong-answer', path: `/candidates/${wrong}` },
  { name: 'sweeps', path: '/sweeps' },
  { name: 'sweep', path: `/sweeps/${sweep}` },
  { name: 'campaigns', path: '/campaigns' },
  { name: 'campaign', path: `/campaigns/${campaign}` },
  { name: 'submit', path: '/submit?problem=vector_add&device=cpu', source: join(ROOT, 'kernels/vector_add/seeds/2-vectors.c') },
];

const shoot = async (
  browser: Browser,
  { url, folder, shot }: { readonly url: string; readonly folder: string; readonly shot: Shot },
): Promise<readonly string[]> => {
  const context = await browser.newContext({
    viewport: shot.size ?? WIDE,
    colorScheme: shot.scheme ?? 'light',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  const page = await context.newPage();
  const complaints = complaintsOf(page, url);
  await page.goto(`${url}${shot.path}`, { waitUntil: 'load' });
  await page.locator('main h1').first().waitFor({ state: 'attached' });
  if (shot.source !== undefined) await page.locator('#source').fill(readFileSync(shot.source, 'utf8'));
  await page.waitForTimeout(SETTLE_MS);
  await page.screenshot({ path: join(folder, `${shot.name}.png`) });
  await context.close();
  return complaints.map((complaint) => `${shot.name}: ${complaint}`);
};

const complaintsOf = (page: Page, url: string): string[] => {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('blob:')) complaints.push(`asked ${request.url()}`);
  });
  return complaints;
};

const main = async (url: string, folder: string, names: readonly string[]): Promise<void> => {
  mkdirSync(folder, { recursive: true });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    const shots = shotsOf(await subjectsOf(createClient({ url }))).filter(
      ({ name }) => names.length === 0 || names.includes(name),
    );
    for (const shot of shots) {
      const complaints = await shoot(browser, { url, folder, shot });
      process.stdout.write(`${shot.name}.png${complaints.map((complaint) => `\n  ${complaint}`).join('')}\n`);
      if (complaints.length > 0) process.exitCode = 1;
    }
  } finally {
    await browser.close();
  }
};

if (import.meta.main) {
  const [url = 'http://127.0.0.1:7070', folder = 'docs/images', ...names] = process.argv.slice(2);
  // As `kiln demo --open` prints it, with a slash at its end.
  await main(url.replace(/\/+$/u, ''), folder, names);
}
