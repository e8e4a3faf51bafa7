import { describe, expect, test } from 'vitest';
import { collectAxis, collectParam } from '../../../../src/cli/input/params.ts';

describe('params', () => {
  test('are numbers where they are whole numbers and text where they are identifiers, and add up when repeated', () => {
    expect(collectParam('TYPE=unsigned int', collectParam('OFFSET=-3', collectParam('BLOCK=256')))).toEqual({
      BLOCK: 256,
      OFFSET: -3,
      TYPE: 'unsigned int',
    });
  });

  test.each(['BLOCK', '=3', '1X=3', 'BLOCK=', 'BLOCK=1.5', 'BLOCK=a;b', 'BLOCK=-DX'])('are refused as %s', (text) => {
    expect(() => collectParam(text)).toThrow(/NAME=VALUE|no value for/);
  });

  test('have any name that C allows, but for one that no JSON carries', () => {
    expect(collectParam('constructor=1')).toEqual({ constructor: 1 });
    expect(() => collectParam('__proto__=1')).toThrow('no param can be called __proto__');
    expect(() => collectAxis('__proto__=1,2')).toThrow('no param can be called __proto__');
  });

  test('are lists of values where they are axes', () => {
    expect(collectAxis('VEC=1, 2', collectAxis('BLOCK=64,128'))).toEqual({ BLOCK: [64, 128], VEC: [1, 2] });
    expect(() => collectAxis('BLOCK=1', { BLOCK: [2] })).toThrow(/given twice/);
    expect(() => collectAxis('BLOCK=1,,2')).toThrow(/no value for BLOCK/);
    expect(() => collectAxis('BLOCK=4-8')).toThrow(
      '"4-8" is no value for BLOCK: use an integer or a C identifier such as float4, or a range such as 4..8.',
    );
  });
});
