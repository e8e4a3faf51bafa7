import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { highlightLine, type LineState, lineStates } from '../../../../src/dashboard/model/highlight.ts';

const kinds = (line: string, language: string, state: LineState = ''): readonly (readonly [string, string])[] =>
  highlightLine(line, state, language).tokens.map(({ kind, text }) => [kind, text] as const);

describe('highlighting', () => {
  test.each(['cuda', 'c', 'triton'])('keeps every character of a %s source, whatever it holds', (language) => {
    const line = fc
      .oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[\s"'/*#\\a-z0-9(){}]{0,60}$/u))
      .map((text) => text.replaceAll('\n', ' '));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const states = lineStates(lines, language);
        const shown = lines.map((text, index) =>
          highlightLine(text, states[index] ?? '', language)
            .tokens.map((token) => token.text)
            .join(''),
        );
        expect(shown).toEqual(lines);
      }),
    );
  });

  test('knows where a block comment and a docstring end', () => {
    expect(lineStates(['int a; /* one', 'two */ int b;', 'int c;'], 'c')).toEqual(['', '*/', '']);
    expect(lineStates(['"""kiln', 'launch: []', '"""', 'x = 1'], 'triton')).toEqual(['', '"""', '"""', '']);
  });

  test('tells keywords, types, numbers, strings and comments apart', () => {
    expect(kinds('for (int i = 0; i < 4; ++i) f("x"); // y', 'cuda').filter(([kind]) => kind !== 'text')).toEqual([
      ['keyword', 'for'],
      ['type', 'int'],
      ['number', '0'],
      ['number', '4'],
      ['call', 'f'],
      ['string', '"x"'],
      ['comment', '// y'],
    ]);
  });

  test('leaves a line that nobody reads without colour', () => {
    expect(kinds('int a;'.repeat(1000), 'c')).toHaveLength(1);
  });
});
