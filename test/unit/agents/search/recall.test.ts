import { describe, expect, test } from 'vitest';
import { bounded, recalledFor } from '../../../../src/agents/search/recall.ts';
import type { MemoryRow } from '../../../../src/domain/campaign/generation-context.ts';
import { type Lesson, LESSON_BYTES_MAX, LESSON_ROWS_MAX, Recalled } from '../../../../src/domain/campaign/lessons.ts';

const MODEL = 'NVIDIA H100 80GB HBM3';
const row = (idea: string, change: Partial<MemoryRow> = {}): MemoryRow => ({
  idea,
  tries: 1,
  passed: 1,
  bestRatio: 1.1,
  bestSpeedup: 2,
  cases: [],
  failures: {},
  ...change,
});
const lesson = (rows: readonly MemoryRow[], change: Partial<Lesson> = {}): Lesson => ({
  problem: 'softmax',
  device: 'H100',
  deviceModel: MODEL,
  bound: 'memory',
  rows: [...rows],
  ...change,
});
const WANTED = { problem: 'softmax', device: 'H100', bound: 'memory', models: [MODEL] } as const;
const NEVER = { passed: 0, bestRatio: null, bestSpeedup: null };

describe('what a campaign is told of earlier ones', () => {
  test('is one row of each idea, of all campaigns on the same problem and device model, failures too', () => {
    const first = lesson([
      row('tiling by 4', { bestRatio: 1.05, failures: { crashed: 1 } }),
      row('fusing', { ...NEVER, tries: 2, failures: { compile_error: 2 } }),
    ]);
    const second = lesson([row('Tiling by 8', { bestRatio: 1.2, bestSpeedup: 3, tries: 3, failures: { crashed: 2 } })]);
    const recalled = recalledFor(WANTED, [[first], [second]]);
    expect(recalled.campaigns).toBe(2);
    expect(recalled.rows).toEqual([
      row('tiling by 4', { tries: 4, passed: 2, bestRatio: 1.2, bestSpeedup: 3, failures: { crashed: 3 } }),
      row('fusing', { ...NEVER, tries: 2, failures: { compile_error: 2 } }),
    ]);
    expect(Recalled.parse(recalled)).toEqual(recalled);
  });

  test('holds nothing of another device or model, and of other problems what gained on those of the same kind', () => {
    const others = [
      lesson([row('of another device')], { device: 'A100' }),
      lesson([row('of another model')], { deviceModel: 'NVIDIA H100 PCIe' }),
      lesson([row('gained there'), row('failed there', NEVER)], { problem: 'rmsnorm' }),
      lesson([row('of another kind')], { problem: 'matmul', bound: 'compute' }),
    ];
    const recalled = recalledFor(WANTED, [others]);
    expect(recalled).toMatchObject({ campaigns: 0, rows: [] });
    expect(recalled.elsewhere.map(({ idea, problem }) => [idea, problem])).toEqual([['gained there', 'rmsnorm']]);
    expect(recalledFor({ ...WANTED, models: [] }, [others]).rows.map(({ idea }) => idea)).toEqual(['of another model']);
  });

  test('is bounded in rows and bytes, with some of what gained and some of what did not', () => {
    const many = Array.from({ length: 200 }, (_, index) =>
      row(`idea ${'abcdefghij'[index % 10]} ${'x'.repeat(index)}`, index % 2 === 0 ? {} : NEVER),
    );
    const rows = bounded(many);
    expect(rows.length).toBeLessThanOrEqual(LESSON_ROWS_MAX);
    expect(rows.some(({ bestRatio }) => bestRatio === null)).toBe(true);
    const long = bounded(
      many.map((one) => ({ ...one, cases: Array.from({ length: 40 }, (_, index) => ({ case: `case ${index}`, ratio: 1 })) })),
    );
    expect(Buffer.byteLength(JSON.stringify(long))).toBeLessThanOrEqual(LESSON_BYTES_MAX);
    expect(long.length).toBeGreaterThan(0);
  });
});
