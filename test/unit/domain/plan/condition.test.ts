import { describe, expect, test } from 'vitest';
import { compileCondition } from '../../../../src/domain/plan/condition.ts';

const NAMES = { BLOCK: 256, VEC: 4, ZERO: 0, LAYOUT: 'row', TYPE: 'float4' } as const;

describe('a condition', () => {
  test.each([
    ['BLOCK * VEC <= 1024', true],
    ['BLOCK*VEC < 1024', false],
    ['BLOCK % 32 == 0 and VEC != 3', true],
    ['VEC > 4 or BLOCK >= 256', true],
    ['VEC > 4 or BLOCK > 256 and VEC == 4', false],
    ['not (VEC > 4 or LAYOUT == "col")', true],
    ['(BLOCK + VEC) * 2 == 520', true],
    ['((BLOCK)) > (VEC)', true],
    ['(VEC == 4) and ((LAYOUT == "row"))', true],
    ['LAYOUT == \'row\' && TYPE != "half" || VEC == 9', true],
    ['! VEC == 4', false],
    ['ceil_div(BLOCK, 100) == 3', true],
    ['min(BLOCK, VEC) == VEC', true],
    ['-VEC < 0', true],
  ])('%s is %s', (text, value) => {
    expect(compileCondition(text)(NAMES)).toBe(value);
  });

  test.each([
    ['BLOCK', /ends where a value is expected/],
    ['BLOCK * 2 VEC', /a comparison .* is expected, not "VEC"/],
    ['BLOCK < 3 VEC', /character 11: unexpected "VEC"/],
    ['BLOCK < ', /ends where a value is expected/],
    ['(BLOCK < 3', /./],
    ['BLOCK # 3', /character 6: only integers, names, texts in quotes/],
  ])('%s is refused when it is read', (text, message) => {
    expect(() => compileCondition(text)).toThrow(message);
  });

  test.each([
    ['BLOK < 3', /unknown name "BLOK"; known are BLOCK, VEC/],
    ['LAYOUT < 3', /cannot be compared/],
    ['LAYOUT < TYPE', /compared by == and != alone/],
    ['LAYOUT + 1 == 2', /LAYOUT is the text "row"/],
    ['BLOCK / ZERO > 1', /division by zero/],
  ])('%s is refused when it is asked', (text, message) => {
    const condition = compileCondition(text);
    expect(() => condition(NAMES)).toThrow(message);
  });
});
