import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainLine, plainText } from '../../../src/platform/printable-text.ts';

describe('plain text', () => {
  test('drops escape sequences, control characters and marks that reorder text, and keeps lines', () => {
    expect(plainText('a\u001b[31mred\u001b[0m\tb\r\n\u0007c')).toBe('ared\tb\nc');
    expect(plainText('\u001b]0;title\u0007x\u001b]8;;http://e\u001b\\y')).toBe('xy');
    expect(plainText('safe\u202etxt.exe\u2066')).toBe('safetxt.exe');
  });

  test('never holds what a terminal would obey, whatever comes in', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('\u001b', '[', ']', '3', 'm', '\u0007', '\u009b', '\r', '\n', 'é', '\u0000') }),
        (text) => {
          const codes = Array.from(plainText(text), (character) => character.codePointAt(0) ?? 0);
          expect(codes.filter((code) => code !== 9 && code !== 10 && (code < 32 || (code >= 127 && code <= 159)))).toEqual([]);
        },
      ),
    );
  });

  test('becomes one line of limited length', () => {
    expect(plainLine(' a\n  b\tc ')).toBe('a b c');
    expect(plainLine('x'.repeat(10), 4)).toBe('xxx…');
  });
});
