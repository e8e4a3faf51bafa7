import { describe, expect, test } from 'vitest';
import { mergeFiles, sourceOf } from '../../../src/problems/merge-files.ts';

test('a source without files is what it is, and only what is compiled as C or CUDA has some', () => {
  expect(sourceOf({ source: '#include "a.h"', language: 'triton' })).toBe('#include "a.h"');
  expect(sourceOf({ source: '#include "a.h"', language: 'c', files: { 'a.h': 'int a;' } })).toContain('#line 2 "candidate.c"');
  expect(() => sourceOf({ source: '', language: 'triton', files: { 'a.h': '' } })).toThrow(
    'files: only cuda and c include files; triton does not',
  );
});

test('what is given may grow fourfold and a little, not more', () => {
  const files = { 'a.h': 'x'.repeat(20_000) };
  expect(sourceOf({ source: '#include "a.h"\n'.repeat(4), language: 'cuda', files })).toContain('xxx');
  expect(() => sourceOf({ source: '#include "a.h"\n'.repeat(20), language: 'cuda', files })).toThrow(
    'bytes once they stand where they are included',
  );
});

const merged = (source: string, files: Record<string, string>, bytesMax = 10_000): string =>
  mergeFiles({ source, files, main: 'candidate.cu', bytesMax });

describe('files that a source includes', () => {
  test('stand where they are included, under their own names and line numbers', () => {
    const text = merged('// a\n#include <x.h>\n  # include "tile.cuh" // tiles\nint n = TILE;\n', {
      'tile.cuh': '#define TILE 4',
    });
    expect(text).toBe('// a\n#include <x.h>\n#line 1 "tile.cuh"\n#define TILE 4\n\n#line 4 "candidate.cu"\nint n = TILE;\n');
  });

  test('include each other, by the folder they are in or from the top', () => {
    const files = { 'lib/a.h': '#include "b.h"\n#include "lib/c.h"\n', 'lib/b.h': 'int b;\n', 'lib/c.h': 'int c;\n' };
    const text = merged('#include "lib/a.h"\n', files);
    expect(text.match(/int \w;|#line \d+ "[\w.]+"/gu)).toEqual([
      '#line 1 "a.h"',
      '#line 1 "b.h"',
      'int b;',
      '#line 2 "a.h"',
      '#line 1 "c.h"',
      'int c;',
      '#line 3 "a.h"',
      '#line 2 "candidate.cu"',
    ]);
  });

  test('with #pragma once stand behind a guard, so that a branch that is not taken keeps nothing from a later one', () => {
    const text = merged('#if 0\n#include "a.h"\n#endif\n#include "a.h"\n', { 'a.h': '#pragma once\nint a;\n' });
    expect(text.match(/int a;/gu)).toHaveLength(2);
    expect(text.match(/#ifndef KILN_FILE_0\n#define KILN_FILE_0\n#line 1 "a.h"\n\nint a;\n/gu)).toHaveLength(2);
  });

  test('leave headers of the tool chain alone, also in quotes', () => {
    expect(merged('#include "cuda_fp16.h"\n#include "a.h"\n', { 'a.h': '' })).toContain('#include "cuda_fp16.h"\n');
  });

  test('end a last line that would go on in the next', () => {
    expect(merged('#include "a.h"\nint b;', { 'a.h': 'int a; \\' })).toContain('\\\n\n#line 2 "candidate.cu"\nint b;');
  });

  test.each([
    [
      'come back to themselves',
      '#include "a.h"',
      { 'a.h': '#include "b.h"', 'b.h': '#include "a.h"' },
      'files.a.h: it includes itself: a.h, b.h, a.h',
    ],
    ['nothing includes', '// #include "a.h"', { 'a.h': '' }, 'files.a.h: nothing includes it'],
    ['make the text too long', '#include "a.h"\n#include "a.h"', { 'a.h': 'x'.repeat(6000) }, 'files: more than 10000 bytes'],
  ])('are refused where they %s', (_what, source, files, message) => {
    expect(() => merged(source, files)).toThrow(message);
  });

  test('that double each other are given up at the limit, empty ones too', () => {
    const files = Object.fromEntries(
      Array.from({ length: 16 }, (_, n) => [`f${n}.h`, n === 15 ? '' : `#include "f${n + 1}.h"\n#include "f${n + 1}.h"\n`]),
    );
    expect(() => merged('#include "f0.h"', files, 1024 * 1024)).toThrow('files: more than 256 includes');
  });
});
