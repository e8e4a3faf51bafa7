import { expect, test } from 'vitest';
import { languageOfFile } from '../../../../src/domain/plan/language-of-file.ts';

test('a language goes by the ending of a file, and by nothing else of its name', () => {
  expect(['a.cu', 'seeds/1-b.c', 'b.x.py'].map(languageOfFile)).toEqual(['cuda', 'c', 'triton']);
  expect(['cu', 'a.c/b', 'a.cuh', 'a.', 'a.constructor', ''].map(languageOfFile)).toEqual(Array.from({ length: 6 }));
});
