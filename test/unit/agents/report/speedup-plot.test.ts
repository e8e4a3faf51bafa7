import { describe, expect, test } from 'vitest';
import { doublingAxis, linearAxis } from '../../../../src/agents/report/axis.ts';
import { speedupPlot } from '../../../../src/agents/report/speedup-plot.ts';
import { GENERATIONS, HOSTILE, REPORTED, reportOf } from '../../../fixtures/agents/report/campaign.ts';

const plot = speedupPlot(REPORTED, { problem: null });
/** Of the paths with a colour of a series: the steps, each followed by its mark in the legend. */
const linesOf = (svg: string): readonly string[] => svg.match(/<path d="M[^"]*H[^"]*"[^>]*stroke-width[^>]*>/g) ?? [];

const luminance = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((from) => {
    const share = Number.parseInt(colour.slice(from, from + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (one: string, other: string): number => {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};

describe('the plot of speed-up over time', () => {
  // vitest run --update writes the file anew.
  test('is the one in the fixtures', async () => {
    await expect(plot).toMatchFileSnapshot('../../../fixtures/agents/report/all.svg');
  });

  test('has a line for each problem that has passed, that only rises and holds to the end', () => {
    const lines = linesOf(plot);
    expect(lines).toHaveLength(2);
    const [softmax = ''] = lines;
    const heights = [...softmax.matchAll(/[V,](\d+(?:\.\d+)?)/g)].map(([, height]) => Number(height));
    expect(heights).toHaveLength(3);
    expect(heights).toEqual(heights.toSorted((a, b) => b - a));
    expect(linesOf(speedupPlot(REPORTED, { problem: 'rmsnorm' }))).toHaveLength(1);
  });

  test('escapes what it is given, on one line', () => {
    const [first] = REPORTED.view.best;
    if (!first) throw new Error('the fixture has no best');
    const view = { ...REPORTED.view, best: [{ ...first, problem: HOSTILE }] };
    const generations = GENERATIONS.map((generation) => ({ ...generation, problem: HOSTILE }));
    const svg = speedupPlot(reportOf(view, generations), { problem: HOSTILE });
    expect(svg).toContain('&lt;script&gt;');
    expect(svg).not.toMatch(/<script|&(?!amp;|lt;|gt;|quot;|#39;)/);
    expect(svg).not.toContain('\u001b');
  });

  test('keeps the labels of very small speed-ups clear of the axis title', () => {
    const [poor = null] = GENERATIONS.filter(({ state }) => state.status === 'judged' && state.speedup !== null);
    if (poor?.state.status !== 'judged') throw new Error('the fixture has nothing that passed');
    const generations = [{ ...poor, state: { ...poor.state, speedup: 0.035 } }, ...GENERATIONS];
    const svg = speedupPlot(reportOf(REPORTED.view, generations), { problem: poor.problem });
    const labels = [...svg.matchAll(/anchor="end">([^<]*)×/g)].map(([, label = '']) => label);
    expect(labels).toContain('1/32');
    expect(labels.filter((label) => label.length > 5)).toEqual([]);
  });

  test('says in words that nothing has passed', () => {
    const svg = speedupPlot(REPORTED, { problem: 'matmul' });
    expect(svg).toContain('No candidate has passed yet.');
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  test('can be read on white and on black: text 4.2:1, lines 3:1 against both', () => {
    const [best] = REPORTED.view.best;
    if (!best) throw new Error('the fixture has no best');
    const problems = Array.from({ length: 8 }, (_, index) => `problem ${index}`);
    const view = { ...REPORTED.view, best: problems.map((problem) => ({ ...best, problem })) };
    const generations = problems.flatMap((problem) => GENERATIONS.map((generation) => ({ ...generation, problem })));
    const strokes = speedupPlot(reportOf(view, generations), { problem: null }).matchAll(/stroke="(#[0-9a-f]{6})" stroke-width/g);
    const colours = new Set([...strokes].map(([, colour = '']) => colour));
    expect(colours.size).toBe(8);
    for (const colour of colours) {
      for (const ground of ['#ffffff', '#0d1117']) expect(contrast(colour, ground), `${colour} on ${ground}`).toBeGreaterThan(3);
    }
    for (const ground of ['#ffffff', '#0d1117']) expect(contrast('#787878', ground)).toBeGreaterThan(4.2);
  });
});

describe('an axis', () => {
  test.each([
    [7, [0, 2, 4, 6, 8]],
    [0.9, [0, 0.25, 0.5, 0.75, 1]],
    [2.5, [0, 1, 2, 3]],
    [1, [0, 0.25, 0.5, 0.75, 1]],
  ])('from 0 to %d has round ticks and ends at or above it', (top, ticks) => {
    const axis = linearAxis(top);
    expect(axis.ticks).toEqual(ticks);
    expect(axis.place(top)).toBeLessThanOrEqual(1);
  });

  test('of doublings gives equal factors equal lengths and covers both ends', () => {
    const axis = doublingAxis(0.3, 20);
    expect(axis.ticks).toEqual([0.25, 0.5, 1, 2, 4, 8, 16, 32]);
    expect(axis.place(4) - axis.place(2)).toBeCloseTo(axis.place(1) - axis.place(0.5));
    expect([axis.place(0.25), axis.place(32)]).toEqual([0, 1]);
    expect(doublingAxis(1, 1e9).ticks.length).toBeLessThan(11);
  });
});
