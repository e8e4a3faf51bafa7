/** How many frames a page paints, and what they cost its thread. */
import type { CDPSession, Page } from 'playwright-core';

export const FRAME_SECONDS = 10;

export interface Frames {
  readonly medianMs: number;
  /** Of a hundred frames one takes longer. */
  readonly worstMs: number;
  readonly perSecond: number;
  readonly count: number;
}

/** `each`: done in the page at every frame, as text. */
export const measureFrames = async (page: Page, each = ''): Promise<Frames> => {
  const gaps: unknown = await page.evaluate(`new Promise((resolve) => {
    const gaps = []; let last = performance.now(); const end = last + ${FRAME_SECONDS * 1000};
    const frame = (now) => { ${each} gaps.push(now - last); last = now; if (now < end) requestAnimationFrame(frame); else resolve(gaps.sort((a, b) => a - b)); };
    requestAnimationFrame(frame);
  })`);
  const sorted = Array.isArray(gaps) ? gaps.map(Number) : [];
  return {
    medianMs: sorted[Math.floor(sorted.length / 2)] ?? 0,
    worstMs: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    perSecond: sorted.length / FRAME_SECONDS,
    count: sorted.length,
  };
};

export const framesText = ({ perSecond, medianMs, worstMs }: Frames): string =>
  `${perSecond.toFixed(1)} a second; ${medianMs.toFixed(1)} ms median, ${worstMs.toFixed(1)} ms at 99 %`;

/** Seconds of the page's thread since it began, by kind of work. */
export const costsOf = async (devtools: CDPSession): Promise<ReadonlyMap<string, number>> => {
  const { metrics } = await devtools.send('Performance.getMetrics');
  return new Map(metrics.map(({ name, value }) => [name, value]));
};
