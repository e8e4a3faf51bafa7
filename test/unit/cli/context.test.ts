import { describe, expect, test } from 'vitest';
import { jsonText } from '../../../src/cli/context.ts';

describe('JSON on a terminal', () => {
  test('is the same document, without characters that steer the terminal or turn text around', () => {
    const hostile = { name: 'a\u001b[31m\u009b31m\u202eb\u2066', 'k\u0085': ['\u007f'] };
    const text = jsonText(hostile);
    expect(JSON.parse(text)).toEqual(hostile);
    expect(text).toMatch(/^[\u0020-\u007e]*$/);
  });
});
