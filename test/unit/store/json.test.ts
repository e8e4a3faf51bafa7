import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toJson } from '../../../src/store/json.ts';

const REPLACEMENT = '\u{FFFD}';
const clean = (text: string): string => text.replaceAll('\0', REPLACEMENT).toWellFormed();

test('what Postgres accepts passes unchanged', () => {
  for (const text of ['', 'plain', '\\u0000', '\\\\ud800', '\u{1F525}', 'é\n\t"'])
    expect(JSON.parse(toJson({ text }))).toEqual({ text });
});

test('what jsonb refuses is replaced, in keys and values at any depth', () => {
  expect(JSON.parse(toJson({ 'a\0': ['x\0y', { deep: '\ud800' }] }))).toEqual({
    [`a${REPLACEMENT}`]: [`x${REPLACEMENT}y`, { deep: REPLACEMENT }],
  });
});

test('no JSON that jsonb refuses is ever made, and everything else survives', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
      const json = toJson({ texts });
      expect(json).not.toMatch(/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/i);
      expect(JSON.parse(json)).toEqual({ texts: texts.map(clean) });
    }),
  );
});
