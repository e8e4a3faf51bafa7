import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { filesBelow, textWithin } from '../../../src/importers/programs/checkout.ts';
import { RefusedFile } from '../../../src/importers/programs/refused-file.ts';

const NOBODY = 65_534;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-checkout-'));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'inner'));
  writeFileSync(join(folder, 'inner/a.py'), 'a');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Root may read everything. */
const asAnybody = <T>(act: () => T): T => {
  if (process.geteuid?.() !== 0) return act();
  process.seteuid?.(NOBODY);
  try {
    return act();
  } finally {
    process.seteuid?.(0);
  }
};

const all = (): boolean => true;

describe('a copy of another benchmark', () => {
  test('with a folder that may not be read is refused in words', () => {
    expect(asAnybody(() => filesBelow(folder, all))).toEqual(['inner/a.py']);
    chmodSync(join(folder, 'inner'), 0o000);
    const reading = (): unknown => asAnybody(() => filesBelow(folder, all));
    expect(reading).toThrow(RefusedFile);
    expect(reading).toThrow(`${folder}/inner: this user may not open it (EACCES)`);
    chmodSync(join(folder, 'inner'), 0o755);
  });

  test('with a file that may not be read is refused in words', () => {
    const file = join(folder, 'inner/a.py');
    expect(asAnybody(() => textWithin(folder, file))).toBe('a');
    chmodSync(file, 0o000);
    const reading = (): unknown => asAnybody(() => textWithin(folder, file));
    expect(reading).toThrow(RefusedFile);
    expect(reading).toThrow(`${file}: this user may not open it (EACCES)`);
  });
});
