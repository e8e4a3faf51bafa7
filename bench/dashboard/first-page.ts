/** How soon a page shows its first figures in a browser that has nothing of it, and what that costs each side. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { browserPids } from '../../test/support/chromium.ts';
import { cpuSecondsOf } from '../dispatch/process-cost.ts';
import { costsOf } from './frames.ts';

const LOADS = 7;
const LIMIT_MS = 120_000;

interface Measured {
  readonly browser: Browser;
  readonly url: string;
  readonly daemonPid: number;
}

interface Shown {
  readonly name: string;
  readonly path: string;
  /** Of the first figures. */
  readonly selector: string;
}

interface Load {
  readonly shownMs: number;
  readonly wireBytes: number;
  readonly requests: number;
  /** Of the page's main thread, until the figures are painted. */
  readonly threadMs: number;
  readonly scriptMs: number;
  readonly daemonMs: number;
  readonly browserMs: number;
}

/** A row of the table. A context of its own for each load: a browser without anything kept. */
export const measurePage = async (measured: Measured, shown: Shown): Promise<string> => {
  const loads: Load[] = [];
  for (let load = 0; load < LOADS; load += 1) loads.push(await loadOnce(measured, shown));
  const middle = (of: (load: Load) => number): number => loads.map(of).toSorted((a, b) => a - b)[Math.floor(LOADS / 2)] ?? 0;
  const times = loads.map(({ shownMs }) => shownMs).toSorted((a, b) => a - b);
  const ms = (of: (load: Load) => number): string => `${middle(of).toFixed(0)} ms`;
  return [
    `| ${shown.name}: first figures, empty cache, of ${LOADS} | ${times[0]?.toFixed(0)} to ${times.at(-1)?.toFixed(0)} ms, median ${ms(({ shownMs }) => shownMs)};`,
    `CPU time (medians): the page's thread ${ms(({ threadMs }) => threadMs)}, its scripts ${ms(({ scriptMs }) => scriptMs)}, the daemon ${ms(({ daemonMs }) => daemonMs)}, the whole browser ${ms(({ browserMs }) => browserMs)};`,
    `${middle(({ requests }) => requests)} requests, ${(middle(({ wireBytes }) => wireBytes) / 1000).toFixed(0)} KB over the wire |`,
  ].join(' ');
};

const loadOnce = async ({ browser, url, daemonPid }: Measured, { path, selector }: Shown): Promise<Load> => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(watching(selector));
  const told = await toldBy(page);
  const devtools = await context.newCDPSession(page);
  const wire = await countWire(devtools);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const pids = browserPids();
  const before = { daemon: cpuMs([daemonPid]), browser: cpuMs(pids), thread: await costsOf(devtools) };
  await page.goto(`${url}${path}`, { waitUntil: 'commit' });
  const shownMs = await told();
  const after = { daemon: cpuMs([daemonPid]), browser: cpuMs(pids), thread: await costsOf(devtools) };
  const { bytes, requests } = wire();
  const spent = (name: string): number => 1000 * ((after.thread.get(name) ?? 0) - (before.thread.get(name) ?? 0));
  await context.close();
  return {
    shownMs,
    wireBytes: bytes,
    requests,
    threadMs: spent('TaskDuration'),
    scriptMs: spent('ScriptDuration'),
    daemonMs: after.daemon - before.daemon,
    browserMs: after.browser - before.browser,
  };
};

/** Runs in the page, before its own scripts: milliseconds from the beginning of the navigation to the frame that shows what is looked for. */
const watching = (selector: string): string => `(() => {
  const look = () => {
    if (document.querySelector(${JSON.stringify(selector)}) === null) requestAnimationFrame(look);
    else requestAnimationFrame(() => setTimeout(() => tellShown(performance.now())));
  };
  requestAnimationFrame(look);
})()`;

/** The page's policy lets nobody evaluate text in it, which is how a condition would be waited for. */
const toldBy = async (page: Page): Promise<() => Promise<number>> => {
  const { promise, resolve } = Promise.withResolvers<number>();
  await page.exposeFunction('tellShown', resolve);
  return async () => Promise.race([promise, pause(LIMIT_MS, Number.NaN, { ref: false })]);
};

const countWire = async (devtools: CDPSession): Promise<() => { readonly bytes: number; readonly requests: number }> => {
  let bytes = 0;
  let requests = 0;
  await devtools.send('Network.enable');
  devtools.on('Network.requestWillBeSent', () => (requests += 1));
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  return () => ({ bytes, requests });
};

const cpuMs = (pids: readonly number[]): number => 1000 * pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
