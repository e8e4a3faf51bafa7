import { expect, test } from 'vitest';
import { filesReached } from '../../../src/domain/includes.ts';

const FILES: Readonly<Record<string, string>> = {
  'tile.cuh': '#include "lib/mma.cuh"\n',
  'lib/mma.cuh': '#include "copy.cuh"\n#include "tile.cuh"\n',
  'lib/copy.cuh': 'int copy;\n',
  'copy.cuh': 'int other;\n',
  'unused.cuh': '',
};
const reached = (source: string) => filesReached(source, (path) => FILES[path]);

test('a source reaches what it includes and what that includes, each once, also in a circle', () => {
  expect(reached('int a;\n  # include "tile.cuh" // tiles\n')).toEqual({
    'tile.cuh': FILES['tile.cuh'],
    'lib/mma.cuh': FILES['lib/mma.cuh'],
    'lib/copy.cuh': FILES['lib/copy.cuh'],
  });
});

test('what is beside the file that includes it is found before what is at the top', () => {
  expect(Object.keys(reached('#include "copy.cuh"'))).toEqual(['copy.cuh']);
});

test('headers of the tool chain, and what is not there, are reached by nobody', () => {
  expect(reached('#include <tile.cuh>\n#include "cuda_fp16.h"\n// #include "tile.cuh"\n')).toEqual({});
});
