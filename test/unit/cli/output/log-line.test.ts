import { describe, expect, test } from 'vitest';
import { logLine } from '../../../../src/cli/output/log-line.ts';

describe('a line of the log', () => {
  test('is told in words on a terminal, without what is always the same', () => {
    const entry = { level: 40, time: 0, pid: 1, hostname: 'vm', host: 'gone', devices: 2, msg: 'not \u001b[31mconnected' };
    expect(logLine(JSON.stringify(entry))).toMatch(/^\d\d:\d\d:\d\d warn not connected host=gone devices=2$/);
  });

  test('that is no JSON is passed on', () => {
    expect(logLine('Segmentation fault\n')).toBe('Segmentation fault');
  });
});
