import { describe, expect, test } from 'vitest';
import { collectAxis, collectParam } from '../../../src/cli/input/params.ts';
import { deviceFor } from '../../../src/cli/input/source-file.ts';
import { wholeNumber } from '../../../src/cli/input/whole-number.ts';

describe('params', () => {
  test('whole numbers become numbers, identifiers stay text, repeated options add up', () => {
    expect(collectParam('TYPE=unsigned int', collectParam('OFFSET=-3', collectParam('BLOCK=256')))).toEqual({
      BLOCK: 256,
      OFFSET: -3,
      TYPE: 'unsigned int',
    });
  });

  test.each(['BLOCK', '=3', '1X=3', 'BLOCK=', 'BLOCK=1.5', 'BLOCK=a;b', 'BLOCK=-DX'])('%s is refused', (text) => {
    expect(() => collectParam(text)).toThrow(/NAME=VALUE|no value for/);
  });

  test('an axis is a list of values', () => {
    expect(collectAxis('VEC=1, 2', collectAxis('BLOCK=64,128'))).toEqual({ BLOCK: [64, 128], VEC: [1, 2] });
    expect(() => collectAxis('BLOCK=1', { BLOCK: [2] })).toThrow(/given twice/);
    expect(() => collectAxis('BLOCK=1,,2')).toThrow(/no value for BLOCK/);
  });

  test('numbers keep to their range', () => {
    expect(wholeNumber(1, 5)('5')).toBe(5);
    for (const text of ['0', '6', '1.5', '', 'x', '1e0']) expect(() => wholeNumber(1, 5)(text)).toThrow(/from 1 to 5/);
  });

  test('c goes to the cpu device unless another is asked for', () => {
    expect(deviceFor('c', undefined)).toEqual({ device: 'cpu' });
    expect(deviceFor('c', 'box')).toEqual({ device: 'box' });
    expect(deviceFor('cuda', undefined)).toEqual({});
  });
});
