/**
 * What the dashboard costs a browser: `node bench/dashboard/main.ts [--candidates 100000] [--pages]`. Prints Markdown.
 *
 *  - first page: from the request to the first figures on it, over a store with so many candidates, and what came over the wire. On a machine
 *    with other work the time says how long it waited for its turn; the CPU time beside it, what there was to do
 *  - frames: a hundred lanes while two hundred verdicts a second come, told by a stream that the page takes for the daemon's, and what of the
 *    page's thread that takes: on a machine with other work, that says more than the frames
 *  - scrolling: a list of ten thousand rows, all of them read by being scrolled to
 *  - wake: a page that was asleep with its computer shows what it missed
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { chromium, type Browser } from 'playwright-core';
import { createClient } from '../../src/client/create-client.ts';
import { putToSleep } from '../../test/support/chromium.ts';
import { kilnFolder, type KilnProcess, startKiln } from '../../test/support/kiln-process.ts';
import { loadNow, machineLine } from '../machine.ts';
import { crowdScript } from './crowd.ts';
import { measurePage } from './first-page.ts';
import { costsOf, framesText, measureFrames } from './frames.ts';
import { seedStore } from './seed.ts';
import { count } from '../count.ts';

const CHROMIUM = '/usr/bin/chromium';
const LANES = 100;
const EVENTS_PER_SECOND = 200;
const LIMIT_MS = 120_000;
const ASLEEP_MS = 10_000;
const ROWS_SCROLLED = 10_000;
const SCROLL_PX = 200;
const LOOK_MS = 20;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const PAGES: readonly (readonly [string, string, string])[] = [
  ['overview', '/', 'dl.tiles dd'],
  ['ranking', '/problems/vector_add', 'table.virtual tbody tr'],
  ['candidates', '/candidates', 'table.virtual tbody tr'],
];
/** The daemon has read and compressed what it serves: nobody opens the page in its first seconds. */
const SETTLE_MS = 8000;

interface Asked {
  readonly candidates: number;
  readonly pagesOnly: boolean;
}

const main = async ({ candidates, pagesOnly }: Asked): Promise<void> => {
  const loadBefore = loadNow();
  const folder = kilnFolder('hosts:\n  - {name: local, local: {}, cpu: true, gpus: none}\n', { KILN_LOG_LEVEL: 'error' });
  let daemon: KilnProcess | null = null;
  try {
    await seedStore(join(folder.path, 'data'), candidates);
    daemon = await startKiln(folder);
    await pause(SETTLE_MS);
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    say(`| what | figure |\n|---|---|`);
    for (const [name, path, selector] of PAGES)
      say(await measurePage({ browser, url: daemon.url, daemonPid: daemon.pid }, { name, path, selector }));
    if (!pagesOnly) {
      await frames(browser, daemon.url);
      await scrolling(browser, daemon.url);
      await wake(browser, daemon.url);
    }
    await browser.close();
  } finally {
    await daemon?.stop();
    folder.remove();
  }
  say(`\n${candidates} candidates in the store. ${machineLine(loadBefore)}`);
};

const frames = async (browser: Browser, url: string): Promise<void> => {
  const page = await (await browser.newContext({ viewport: { width: 1600, height: 1000 } })).newPage();
  await page.addInitScript(crowdScript({ lanes: LANES, eventsPerSecond: EVENTS_PER_SECOND }));
  await page.goto(url);
  await page.locator('canvas').waitFor({ timeout: LIMIT_MS });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable');
  const before = await costsOf(devtools);
  const measured = await measureFrames(page);
  const after = await costsOf(devtools);
  const perFrame = (name: string): string =>
    ((1000 * ((after.get(name) ?? 0) - (before.get(name) ?? 0))) / measured.count).toFixed(2);
  say(`| frames with ${LANES} lanes and ${EVENTS_PER_SECOND} verdicts/s | ${framesText(measured)} |`);
  say(
    `| the page's thread, of each frame | ${perFrame('TaskDuration')} ms busy: scripts ${perFrame('ScriptDuration')} ms, layout ${perFrame('LayoutDuration')} ms, styles ${perFrame('RecalcStyleDuration')} ms |`,
  );
};

/** A list is scrolled to its end until it has so many rows, and then back, a screen every few frames. */
const scrolling = async (browser: Browser, url: string): Promise<void> => {
  const page = await (await browser.newContext({ viewport: { width: 1600, height: 1000 } })).newPage();
  await page.goto(`${url}/candidates`);
  await page.locator('table.virtual tbody tr').first().waitFor({ timeout: LIMIT_MS });
  const rows = async (): Promise<number> =>
    Number((await page.locator('main .sub').first().textContent())?.replaceAll(/\D/gu, ''));
  const from = performance.now();
  while ((await rows()) < ROWS_SCROLLED) {
    if (performance.now() - from > LIMIT_MS) throw new Error(`the list has ${await rows()} rows after ${LIMIT_MS} ms`);
    await page.evaluate(`{ const box = document.querySelector('.scroll.tall'); box.scrollTop = box.scrollHeight; }`);
    await pause(LOOK_MS);
  }
  const seconds = (performance.now() - from) / 1000;
  const measured = await measureFrames(page, `document.querySelector('.scroll.tall').scrollTop -= ${SCROLL_PX};`);
  say(
    `| ${ROWS_SCROLLED} rows in a list, scrolled ${SCROLL_PX} px a frame | ${framesText(measured)}; all of them were there after ${seconds.toFixed(1)} s |`,
  );
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

const { values } = parseArgs({
  options: { candidates: { type: 'string', default: '100000' }, pages: { type: 'boolean', default: false } },
});
await main({ candidates: count('--candidates', values.candidates, 10_000_000), pagesOnly: values.pages });
