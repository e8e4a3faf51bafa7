/**
 * What the dashboard costs a browser: `node bench/dashboard/main.ts [--candidates 100000]`. Prints Markdown.
 *
 *  - first page: from the request to the first figures on it, over a store with so many candidates, and what came over the wire
 *  - frames: a hundred lanes while two hundred verdicts a second come, told by a stream that the page takes for the daemon's, and what of the
 *    page's thread that takes: on a machine with other work, that says more than the frames
 *  - wake: a page that was asleep with its computer shows what it missed
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { chromium, type Browser, type CDPSession, type Page } from 'playwright-core';
import { createClient } from '../../src/client/create-client.ts';
import { loadKilnConfig } from '../../src/config/kiln-config.ts';
import { startDaemon } from '../../src/daemon.ts';
import { putToSleep } from '../../test/support/chromium.ts';
import { loadNow, machineLine } from '../machine.ts';
import { crowdScript } from './crowd.ts';
import { seedStore } from './seed.ts';

const CHROMIUM = '/usr/bin/chromium';
const LOADS = 5;
const FRAME_SECONDS = 10;
const LANES = 100;
const EVENTS_PER_SECOND = 200;
const LIMIT_MS = 120_000;
const ASLEEP_MS = 10_000;
const ROOT = join(import.meta.dirname, '../..');

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const main = async (candidates: number): Promise<void> => {
  const loadBefore = loadNow();
  const folder = mkdtempSync(join(tmpdir(), 'kiln-bench-'));
  writeFileSync(join(folder, 'kiln.yaml'), 'log: {level: error}\n');
  writeFileSync(join(folder, 'fleet.yaml'), 'hosts:\n  - {name: local, local: {}, cpu: true, gpus: none}\n');
  const env = {
    KILN_CONFIG: join(folder, 'kiln.yaml'),
    KILN_FLEET: join(folder, 'fleet.yaml'),
    KILN_DATA_DIR: join(folder, 'data'),
    KILN_PORT: '0',
  };
  try {
    await seedStore(join(folder, 'data'), candidates);
    const daemon = await startDaemon({ config: loadKilnConfig({ root: ROOT, env }), env });
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    say(`| what | figure |\n|---|---|`);
    await firstPages(browser, daemon.url);
    await frames(browser, daemon.url);
    await wake(browser, daemon.url);
    await browser.close();
    await daemon.stop();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  say(`\n${candidates} candidates in the store. ${machineLine(loadBefore)}`);
};

const PAGES: readonly (readonly [string, string, string])[] = [
  ['overview', '/', 'dl.tiles dd'],
  ['ranking', '/problems/vector_add', 'table.virtual tbody tr'],
  ['candidates', '/candidates', 'table.virtual tbody tr'],
];

/** A browser without anything kept, each time. */
const firstPages = async (browser: Browser, url: string): Promise<void> => {
  for (const [name, path, selector] of PAGES) {
    const times: number[] = [];
    let wire = 0;
    for (let load = 0; load < LOADS; load += 1) {
      const context = await browser.newContext();
      const page = await context.newPage();
      const devtools = await context.newCDPSession(page);
      await devtools.send('Network.enable');
      wire = 0;
      devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (wire += encodedDataLength));
      const from = performance.now();
      await page.goto(`${url}${path}`, { waitUntil: 'commit' });
      await page.locator(selector).first().waitFor({ timeout: LIMIT_MS });
      times.push(performance.now() - from);
      await page.waitForLoadState('load');
      await context.close();
    }
    const [best = 0, ...rest] = times.toSorted((a, b) => a - b);
    say(
      `| ${name}: first figures, empty cache, of ${LOADS} | ${best.toFixed(0)} to ${(rest.at(-1) ?? best).toFixed(0)} ms, ${(wire / 1000).toFixed(0)} KB over the wire |`,
    );
  }
};

const frames = async (browser: Browser, url: string): Promise<void> => {
  const page = await (await browser.newContext({ viewport: { width: 1600, height: 1000 } })).newPage();
  await page.addInitScript(crowdScript({ lanes: LANES, eventsPerSecond: EVENTS_PER_SECOND }));
  await page.goto(url);
  await page.locator('canvas').waitFor({ timeout: LIMIT_MS });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable');
  const before = await costsOf(devtools);
  const { median, worst, count } = await measureFrames(page);
  const after = await costsOf(devtools);
  const perFrame = (name: string): string => ((1000 * ((after.get(name) ?? 0) - (before.get(name) ?? 0))) / count).toFixed(2);
  say(
    `| frames with ${LANES} lanes and ${EVENTS_PER_SECOND} verdicts/s | ${(count / FRAME_SECONDS).toFixed(1)} a second; ${median.toFixed(1)} ms median, ${worst.toFixed(1)} ms at 99 % |`,
  );
  say(
    `| the page's thread, of each frame | ${perFrame('TaskDuration')} ms busy: scripts ${perFrame('ScriptDuration')} ms, layout ${perFrame('LayoutDuration')} ms, styles ${perFrame('RecalcStyleDuration')} ms |`,
  );
};

/** Seconds since the page began, by kind of work. */
const costsOf = async (devtools: CDPSession): Promise<ReadonlyMap<string, number>> => {
  const { metrics } = await devtools.send('Performance.getMetrics');
  return new Map(metrics.map(({ name, value }) => [name, value]));
};

/** Asleep as a computer is: nothing of the browser runs. */
const wake = async (browser: Browser, url: string): Promise<void> => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${url}/candidates`);
  await page.locator('.live.live').waitFor({ timeout: LIMIT_MS });
  const wakeUp = putToSleep();
  const { candidates } = await createClient({ url }).submit([
    { problem: 'vector_add', language: 'c', device: 'cpu', source: 'no plan' },
  ]);
  await pause(ASLEEP_MS);
  const from = performance.now();
  wakeUp();
  await page
    .locator(`a[href="/candidates/${candidates[0]?.id ?? ''}"]`)
    .first()
    .waitFor({ timeout: LIMIT_MS });
  say(`| awake after ${ASLEEP_MS / 1000} s: what was missed is shown after | ${(performance.now() - from).toFixed(0)} ms |`);
  await context.close();
};

const measureFrames = async (
  page: Page,
): Promise<{ readonly median: number; readonly worst: number; readonly count: number }> => {
  const gaps: unknown = await page.evaluate(`new Promise((resolve) => {
    const gaps = []; let last = performance.now(); const end = last + ${FRAME_SECONDS * 1000};
    const frame = (now) => { gaps.push(now - last); last = now; if (now < end) requestAnimationFrame(frame); else resolve(gaps.sort((a, b) => a - b)); };
    requestAnimationFrame(frame);
  })`);
  const sorted = Array.isArray(gaps) ? gaps.map(Number) : [];
  return {
    median: sorted[Math.floor(sorted.length / 2)] ?? 0,
    worst: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    count: sorted.length,
  };
};

const { values } = parseArgs({ options: { candidates: { type: 'string', default: '100000' } } });
await main(Number(values.candidates));
