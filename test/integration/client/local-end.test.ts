import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openContentIndex } from '../../../src/client/files/content-index.ts';
import { createLocalEnd } from '../../../src/client/files/local-end.ts';

const MIB = 1024 * 1024;
const FILES = 200;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-local-end-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('small files are read into memory for what they hold, not for what a large one could', async () => {
  mkdirSync(join(folder, 'many'));
  const paths = Array.from({ length: FILES }, (_, at) => `many/f${at}`);
  for (const path of paths) writeFileSync(join(folder, path), 'x'.repeat(4096));
  const end = createLocalEnd(folder, await openContentIndex(null, () => 0n));
  const before = process.memoryUsage().arrayBuffers;
  let bytes = 0;
  for await (const { payload } of end.read(paths.map((path) => ({ path })))) bytes += payload.length;
  expect(bytes).toBe(FILES * 4096);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * MIB);
});
