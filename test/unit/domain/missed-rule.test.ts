import { describe, expect, test } from 'vitest';
import { reasonText } from '../../../src/domain/text/describe.ts';

describe('what a verdict says', () => {
  test('a wrong answer names the rule that it missed, with what was allowed', () => {
    const found = { tensor: 'out', index: 6, expected: '1.5', actual: '2', mismatches: 1, elements: 7, relativeL2: '0.1' };
    const described = (rule: 'element' | 'norm') =>
      reasonText({
        verdict: 'wrong_answer',
        case: 'small',
        stage: 'check',
        mismatch: { ...found, mismatches: rule === 'norm' ? 0 : 1, rule, error: '0.5', limit: '0.25' },
      });
    expect(described('element')).toBe(
      'case small: out[6] is 2, not 1.5 (off by 0.5, atol + rtol * |ref| allows 0.25; 1 of 7 elements)',
    );
    expect(described('norm')).toBe(
      'case small: out[6] is 2, not 1.5 (||out - ref|| is 0.5, relative_l2 * ||ref|| + atol * sqrt(elements) allows 0.25; no element misses its own tolerance, this one is worst)',
    );
  });

  test('an access out of bounds says whether it read or wrote', () => {
    const outcome = { verdict: 'out_of_bounds', case: 'small', tensor: 'out', side: 'after', distanceBytes: 0 } as const;
    expect(reasonText({ ...outcome, access: 'read' })).toBe('case small: read outside out, right after its end');
    expect(reasonText({ ...outcome, access: 'write' })).toBe('case small: wrote outside out, right after its end');
  });
});
