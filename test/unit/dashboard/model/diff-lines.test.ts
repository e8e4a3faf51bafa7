import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diffLines } from '../../../../src/dashboard/model/diff-lines.ts';

const sources = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 40 }).map((lines) => lines.join('\n'));

const linesOf = (letter: string): string => Array.from({ length: 20_000 }, (_, index) => `${letter}${index}`).join('\n');

describe('the difference of two sources', () => {
  test('holds each side in order, with the numbers of its lines', () => {
    fc.assert(
      fc.property(sources, sources, (before, after) => {
        const lines = diffLines(before, after) ?? [];
        for (const [side, text] of [
          ['old', before],
          ['new', after],
        ] as const) {
          const all = text.split('\n');
          const shown = lines.flatMap((line) =>
            line.kind !== 'skipped' && line[side] !== null ? [{ number: line[side], text: line.text }] : [],
          );
          expect(shown.map(({ number }) => all[number - 1])).toEqual(shown.map(({ text: own }) => own));
          const skipped = lines.reduce((sum, line) => sum + (line.kind === 'skipped' ? line.count : 0), 0);
          expect(shown.length + skipped).toBe(all.length);
        }
      }),
    );
  });

  test('leaves out long stretches that stayed, and keeps what is around a change', () => {
    const before = Array.from({ length: 100 }, (_, index) => `line ${index}`);
    const after = before.with(50, 'changed');
    const kinds = (diffLines(before.join('\n'), after.join('\n')) ?? []).map(({ kind }) => kind);
    expect(kinds).toEqual([
      'skipped',
      ...Array<string>(4).fill('same'),
      'removed',
      'added',
      ...Array<string>(4).fill('same'),
      'skipped',
    ]);
  });

  test('says that two sources are equal', () => {
    expect(diffLines('a\nb', 'a\nb')).toEqual([{ kind: 'skipped', count: 2 }]);
  });

  test('gives up on two sources of a quarter MiB that have nothing in common', () => {
    expect(diffLines(linesOf('a'), linesOf('b'))).toBeNull();
  });
});
