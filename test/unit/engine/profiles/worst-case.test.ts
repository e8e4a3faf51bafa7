import { describe, expect, test } from 'vitest';
import type { CaseTiming } from '../../../../src/domain/measurement.ts';
import { worstCase } from '../../../../src/engine/profiles/worst-case.ts';
import { profiledCase } from '../../../../src/domain/text/profile-case.ts';
import { timed } from '../../../support/server/fake-outcomes.ts';

const sized = (name: string, kind: 'check' | 'bench', elements: number) =>
  ({ name, kind, tensors: [{ elements, dtype: 'f32' }] }) as const;
const cases = [sized('odd', 'check', 9000), sized('small', 'bench', 10), sized('large', 'bench', 1000)];
const timings = (times: Readonly<Record<string, number>>, baselineNs = 1000): readonly CaseTiming[] => {
  const outcome = timed(times, baselineNs);
  return outcome.verdict === 'passed' ? outcome.timings : [];
};
const floor = (floorNs: number | null) => ({ floorNs, hardFloorNs: null });
const NOTHING = { timings: [], floors: {}, record: [] };

describe('the case that is profiled', () => {
  test('is the furthest from its floor, whatever is slow against the record', () => {
    const measured = {
      timings: timings({ small: 400, large: 1000 }),
      floors: { small: floor(100), large: floor(500) },
      record: timings({ small: 400, large: 100 }),
    };
    expect(worstCase({ cases }, measured)).toEqual({ name: 'small', chosen: { by: 'floor', share: 0.25 } });
    const near = { ...measured, floors: { small: floor(390), large: floor(500) } };
    expect(worstCase({ cases }, near)).toEqual({ name: 'large', chosen: { by: 'floor', share: 0.5 } });
  });

  test('is the slowest against the record where a case has no floor', () => {
    const floors = { small: floor(100), large: floor(null) };
    const measured = { timings: timings({ small: 400, large: 1000 }), floors, record: timings({ small: 300, large: 990 }) };
    expect(worstCase({ cases }, measured)).toEqual({ name: 'small', chosen: { by: 'record', share: 0.75 } });
  });

  test('is the slowest against the baseline where nobody else holds the record', () => {
    const measured = { ...NOTHING, timings: timings({ small: 400, large: 500 }) };
    expect(worstCase({ cases }, measured)).toEqual({ name: 'large', chosen: { by: 'baseline', share: 2 } });
  });

  test('is the largest of the bench cases where nothing is known, and none of the checks', () => {
    expect(worstCase({ cases }, NOTHING)).toEqual({ name: 'large', chosen: null });
    const other = { ...NOTHING, timings: timings({ odd: 1, gone: 100 }) };
    expect(worstCase({ cases }, other)).toEqual({ name: 'large', chosen: null });
  });

  test('is told with why', () => {
    expect(profiledCase({ case: '4M', chosen: { by: 'floor', share: 0.31 } })).toBe('4M, the furthest from its floor (31 %)');
    expect(profiledCase({ case: '4M', chosen: { by: 'record', share: 0.8 } })).toBe('4M, the slowest against the record (80 %)');
    expect(profiledCase({ case: '4M' })).toBe('4M');
  });
});
