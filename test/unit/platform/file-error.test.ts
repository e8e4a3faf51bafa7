import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileErrorText } from '../../../src/platform/file-error.ts';

const textOf = (act: () => unknown): string | null => {
  try {
    act();
  } catch (error) {
    return fileErrorText(error);
  }
  throw new Error('nothing was refused');
};

describe('an error of a file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-file-error-'));
    writeFileSync(join(folder, 'file'), '');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('names the path and what is wrong with it', () => {
    expect(textOf(() => readFileSync(join(folder, 'none')))).toBe(`${folder}/none: there is no such file or folder (ENOENT)`);
    expect(textOf(() => readdirSync(join(folder, 'file')))).toBe(`${folder}/file: a part of the path is no folder (ENOTDIR)`);
    expect(textOf(() => writeFileSync(folder, ''))).toBe(`${folder}: it is a folder, not a file (EISDIR)`);
  });

  test('of a folder that may not be read says so', () => {
    const refused = Object.assign(new Error("EACCES: permission denied, scandir '/a'"), {
      code: 'EACCES',
      syscall: 'scandir',
      path: '/a',
    });
    expect(fileErrorText(refused)).toBe('/a: this user may not open it (EACCES)');
  });

  test('without a path, as of one that is open, is told without it', () => {
    expect(textOf(() => readFileSync(folder))).toBe('a file that was given: it is a folder, not a file (EISDIR)');
  });

  test('that has no words of ours keeps those of the system', () => {
    const broken = Object.assign(new Error('EIO: i/o error, open'), { code: 'EIO', syscall: 'open', path: '/a' });
    expect(fileErrorText(broken)).toBe('/a: EIO: i/o error, open');
  });

  test('is none of anything else', () => {
    expect(fileErrorText(new Error('a fault'))).toBeNull();
    expect(fileErrorText(Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' }))).toBeNull();
  });
});
