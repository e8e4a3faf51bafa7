import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadLockToken } from '../../../src/queue/lock-token.ts';

const TOKEN = /^kiln-[0-9a-f]{32}$/;

const pathOfTest = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'data', 'queue-token');
};

test('a token is made once, kept, and readable by its owner alone', () => {
  const path = pathOfTest();
  const token = loadLockToken(path);
  expect(token).toMatch(TOKEN);
  expect(loadLockToken(path)).toBe(token);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a file that holds no token gets a new one', () => {
  const path = pathOfTest();
  const first = loadLockToken(path);
  for (const damaged of ['', 'kiln-123', '0']) {
    writeFileSync(path, damaged);
    const token = loadLockToken(path);
    expect(token).toMatch(TOKEN);
    expect(token).not.toBe(first);
    expect(readFileSync(path, 'utf8').trim()).toBe(token);
  }
});
