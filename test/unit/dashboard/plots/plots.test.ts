import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { progressPlot } from '../../../../src/dashboard/plots/progress-plot.ts';
import { linear, logarithmic, ticks } from '../../../../src/dashboard/plots/scale.ts';
import { shape, svgText } from '../../../../src/dashboard/plots/shape.ts';
import { heatMap } from '../../../../src/dashboard/plots/heat-map.ts';
import { axesOf, coordinatesPlot } from '../../../../src/dashboard/plots/sweep-plots.ts';
import { ProgressView } from '../../../../src/domain/api/problems.ts';
import { SweepPoints } from '../../../../src/domain/api/sweeps.ts';

const AT = '2026-01-02T03:04:05.000Z';
const step = (number: number, speedup: number) => ({
  candidateId: `c-${String(number).padStart(32, '0')}`,
  submitter: '"><script>alert(1)</script>',
  language: 'c',
  at: new Date(Date.parse(AT) + number * 1000).toISOString(),
  gpuSeconds: number,
  judged: number,
  speedup,
  speedupLow: speedup * 0.9,
  speedupHigh: speedup * 1.1,
});
const progress = (speedups: readonly number[]) =>
  ProgressView.parse({
    problem: 'softmax',
    models: [
      {
        deviceModel: 'A',
        device: 'cpu',
        judged: 9,
        gpuSeconds: 9,
        firstAt: AT,
        lastAt: new Date(Date.parse(AT) + 9000).toISOString(),
        steps: speedups.map((speedup, index) => step(index + 1, speedup)),
      },
    ],
  }).models[0] as ProgressView['models'][number];

const point = (number: number, params: Record<string, number>, speedup: number | null) => ({
  number,
  reported: number + 1,
  deviceMs: 10,
  id: `c-${String(number).padStart(32, '0')}`,
  params,
  status: 'done',
  verdict: speedup === null ? 'wrong_answer' : 'passed',
  speedup,
  speedupLow: speedup,
  speedupHigh: speedup,
  timeNs: speedup === null ? null : 1000 / speedup,
  finishedAt: AT,
});
const POINTS = SweepPoints.parse({
  next: null,
  points: [point(1, { A: 10, B: 1 }, 1.5), point(2, { A: 2, B: 1 }, 2), point(3, { A: 10, B: 2 }, null)],
}).points;

describe('plots', () => {
  test('scales meet both ends, and ticks stay between them', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1e6, noNaN: true }),
        fc.double({ min: 1.001, max: 1e3, noNaN: true }),
        (low, factor) => {
          const high = low * factor;
          for (const scale of [linear([low, high], [10, 110]), logarithmic([low, high], [10, 110])]) {
            expect(scale(low)).toBeCloseTo(10, 6);
            expect(scale(high)).toBeCloseTo(110, 6);
          }
          for (const tick of ticks({ low, high }, 5)) expect(tick >= low * (1 - 1e-6) && tick <= high * (1 + 1e-6)).toBe(true);
        },
      ),
    );
  });

  test('text from candidates is text in an image too', () => {
    expect(svgText(shape('text', { class: '"' }, '<script>&'))).toBe('<text class="&quot;">&lt;script&gt;&amp;</text>');
    expect(svgText(progressPlot(progress([1.2, 1.5]), { width: 700, height: 300, axis: 'time' }))).not.toContain('<script');
  });

  test.each(['time', 'gpu', 'judged'] as const)('a record stands at its %s, and the last one lasts until now', (axis) => {
    const svg = svgText(progressPlot(progress([1.2, 1.5, 2.5]), { width: 700, height: 300, axis }));
    expect(svg.match(/<circle/gu)).toHaveLength(3);
    expect(svg).toContain('2.50x');
    expect(svg).not.toMatch(/NaN|Infinity/u);
  });

  test('a plot with one record, or with none, is drawn', () => {
    for (const speedups of [[], [1]])
      expect(svgText(progressPlot(progress(speedups), { width: 700, height: 300, axis: 'gpu' }))).not.toMatch(/NaN|Infinity/u);
  });

  test('axes of a sweep are the params that differ, numbers in their order', () => {
    expect(axesOf(POINTS)).toEqual([
      { name: 'A', values: [2, 10] },
      { name: 'B', values: [1, 2] },
    ]);
  });

  test('a map of two params shows the best of each pair, and what failed', () => {
    const [across, down] = axesOf(POINTS);
    if (across === undefined || down === undefined) throw new Error('two axes were expected');
    const svg = svgText(heatMap(POINTS, { across, down, width: 400 }));
    expect(svg).toContain('1.50x');
    expect(svg).toContain('2.00x');
    expect(svg).toContain('<title>wrong_answer</title>');
    expect(svgText(coordinatesPlot(POINTS, axesOf(POINTS), { width: 400, height: 200 }))).not.toMatch(/NaN|Infinity/u);
  });

  test('ten thousand points of a sweep are a few elements', () => {
    const many = SweepPoints.parse({
      next: null,
      points: Array.from({ length: 10_000 }, (_, index) => point(index, { A: index % 10, B: index % 7 }, 1 + (index % 97) / 50)),
    }).points;
    const { children } = coordinatesPlot(many, axesOf(many), { width: 800, height: 300 });
    expect(children.length).toBeLessThan(60);
  });

  test('a map of two long axes has a few thousand cells, each wide enough to be seen, and looks at each point once', () => {
    let looks = 0;
    const many = Array.from({ length: 20_000 }, (_, index) => {
      const params = { A: index % 1000, B: Math.floor(index / 20) };
      return {
        speedup: index === 7777 ? 9 : 1,
        verdict: 'passed' as const,
        get params() {
          looks += 1;
          return params;
        },
      };
    });
    const [across, down] = axesOf(many);
    if (across === undefined || down === undefined) throw new Error('two axes were expected');
    looks = 0;
    const svg = svgText(heatMap(many, { across, down, width: 1000 }));
    expect(looks).toBe(many.length);
    expect(svg.match(/<rect/gu)?.length).toBeLessThan(7000);
    expect(svg).not.toMatch(/width="-|NaN|Infinity/u);
    expect(svg).toContain('0–20');
    expect(svg.match(/9\.00x/gu)).toHaveLength(1);
  });

  test('a sweep of more points than a call takes arguments is drawn', () => {
    const many = Array.from({ length: 300_000 }, (_, index) => ({
      params: { A: index % 2, B: index % 3 },
      speedup: 1 + (index % 5),
      verdict: 'passed' as const,
    }));
    const [across, down] = axesOf(many);
    if (across === undefined || down === undefined) throw new Error('two axes were expected');
    const lines = svgText(coordinatesPlot(many, axesOf(many), { width: 800, height: 300 }));
    expect(lines).toContain('300000 points over A, B; speed-ups from 1.00x to 5.00x; 20000 of them are drawn');
    expect(lines.match(/M\d/gu)).toHaveLength(20_000);
    expect(svgText(heatMap(many, { across, down, width: 800 }))).toContain('5.00x');
  });
});
