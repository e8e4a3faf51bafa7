import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HANG_MS } from '../../support/limits.ts';

const SCRIPT = join(import.meta.dirname, '../../../bench/gpu/evolve.ts');
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-bench-evolve-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** On the development device, with seconds of device time in place of minutes. */
const run = async (...args: readonly string[]) => {
  const common = ['--data', join(folder, 'data'), '--out', join(folder, 'out'), '--device', 'cpu', '--problems', 'softmax'];
  const child = spawn(process.execPath, [SCRIPT, ...common, '--agents', '4', '--gpu-minutes', '0.03', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: HANG_MS,
  });
  let [printed, said] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(child, 'close');
  return { code: child.exitCode, printed, said };
};

test('bench/gpu/evolve goes on where it was cut off, and holds what it found against the hand-written seeds', async () => {
  const cut = await run('--wall-seconds', '0.1');
  expect(cut).toMatchObject({ code: 0, printed: '' });
  expect(cut.said).toMatch(/^evolve: running, /m);
  const whole = await run('--wall-seconds', String(HANG_MS / 1000));
  expect(whole.said).toMatch(/^evolve: finished, /m);
  expect(whole.code).toBe(0);
  expect(whole.printed).toMatch(/^\| softmax \| \d+\.\d{3}x \| \d+\.\d{3}x \| .*\(seeds\/\S+\.c\) \| .* \| \d+\.\d{3}x \|$/m);
  expect(whole.printed).toMatch(/^\| softmax, screenings \| \d+ \| [\d.]+ \| [\d.]+ \| [\d.]+ \| [1-9]\d* \|$/m);
  expect(whole.printed).toMatch(/^\| softmax, pairs with the record \| /m);
  expect(readFileSync(join(folder, 'out/evolve.md'), 'utf8')).toBe(whole.printed);
  expect(readFileSync(join(folder, 'out/softmax.svg'), 'utf8')).toMatch(/^<svg /);
});

test('bench/gpu/evolve says what a wrong number is', async () => {
  const { code, said } = await run('--wall-seconds', 'soon');
  expect(code).not.toBe(0);
  expect(said).toContain('--wall-seconds: "soon" is no number above 0');
});
