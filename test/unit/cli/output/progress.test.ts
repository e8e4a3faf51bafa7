import { describe, expect, test } from 'vitest';
import { barLine, createProgress } from '../../../../src/cli/output/progress.ts';

const written = (isTTY: boolean, lines: 'some' | 'none') => {
  const texts: string[] = [];
  const clock = { ms: 0 };
  const progress = createProgress({
    sink: { isTTY, columns: 60, write: (text) => texts.push(text) },
    total: 4,
    lines,
    now: () => clock.ms,
  });
  return { texts, clock, progress };
};

describe('progress', () => {
  test('redraws one line on a terminal, not more often than ten times a second, and removes it', () => {
    const { texts, clock, progress } = written(true, 'none');
    progress.update(1, 'a');
    progress.update(2, 'b');
    clock.ms = 100;
    progress.update(3, 'c');
    progress.end();
    expect(texts).toEqual([
      barLine({ done: 1, total: 4, text: 'a' }, 60),
      '\r\u001b[K',
      barLine({ done: 3, total: 4, text: 'c' }, 60),
      '\r\u001b[K',
    ]);
  });

  test('prints a line every few seconds elsewhere, and always the last', () => {
    const { texts, clock, progress } = written(false, 'some');
    progress.update(1, 'a');
    clock.ms = 2999;
    progress.update(2, 'b');
    clock.ms = 3000;
    progress.update(3, 'c');
    progress.update(4, 'd');
    progress.end();
    expect(texts).toEqual(['1/4  a\n', '3/4  c\n', '4/4  d\n']);
  });

  test('is silent elsewhere when nobody asked for lines', () => {
    const { texts, progress } = written(false, 'none');
    progress.update(4, 'd');
    progress.end();
    expect(texts).toEqual([]);
  });

  test('a bar never fills the width of the terminal', () => {
    expect(barLine({ done: 2, total: 4, text: 'x'.repeat(100) }, 40)).toHaveLength(39);
    expect(barLine({ done: 2, total: 4, text: 'y' }, 80)).toBe(`[${'#'.repeat(15)}${'.'.repeat(15)}] 2/4  y`);
  });
});
