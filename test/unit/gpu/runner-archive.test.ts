import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildRunnerArchive, RUNNER_SOURCE } from '../../../src/gpu/runner-archive.ts';

const FAKE = 'test/fixtures/fake-runner';
const SIZE_MAX = 1024 * 1024;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-archive-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the runner archive', () => {
  test('is the same wherever and whenever the same sources lie', async () => {
    cpSync(FAKE, join(folder, 'copy'), { recursive: true });
    const [first, second] = [await buildRunnerArchive(FAKE), await buildRunnerArchive(join(folder, 'copy'))];
    expect(second.hash).toBe(first.hash);
    expect(second.bytes.equals(first.bytes)).toBe(true);
  });

  test('does not depend on the time zone', async () => {
    const script = `import('./src/gpu/runner-archive.ts').then(async (m) => console.log((await m.buildRunnerArchive('${FAKE}')).hash))`;
    const hashes = ['UTC', 'Asia/Tokyo', 'America/Lima'].map((TZ) =>
      execFileSync(process.execPath, ['-e', script], { env: { ...process.env, TZ }, encoding: 'utf8' }).trim(),
    );
    expect(new Set(hashes)).toEqual(new Set([(await buildRunnerArchive(FAKE)).hash]));
  });

  test('changes with any shipped file and with no other', async () => {
    const source = join(folder, 'changing');
    cpSync(FAKE, source, { recursive: true });
    const before = await buildRunnerArchive(source);
    mkdirSync(join(source, 'kiln_runner/__pycache__'));
    writeFileSync(join(source, 'kiln_runner/__pycache__/x.pyc'), 'x');
    writeFileSync(join(source, 'kiln_runner/notes.md'), 'x');
    expect((await buildRunnerArchive(source)).hash).toBe(before.hash);
    writeFileSync(join(source, 'kiln_runner/kernel.cu'), 'x');
    expect((await buildRunnerArchive(source)).hash).not.toBe(before.hash);
  });

  test('runs under python3', async () => {
    const path = join(folder, 'runner.pyz');
    writeFileSync(path, (await buildRunnerArchive(FAKE)).bytes);
    expect(JSON.parse(execFileSync('python3', [path, 'inventory'], { encoding: 'utf8' }))).toMatchObject({ hostname: 'fake' });
  });

  test('of the real runner stays small enough to upload in a moment', async () => {
    const { bytes } = await buildRunnerArchive(RUNNER_SOURCE);
    expect(bytes.subarray(0, 22).toString()).toBe('#!/usr/bin/env python3');
    expect(bytes.length).toBeLessThan(SIZE_MAX);
  });
});
