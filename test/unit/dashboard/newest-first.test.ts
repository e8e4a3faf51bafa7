import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type NewestFirst, type ReadPage, withFirst, withOlder } from '../../../src/dashboard/model/newest-first.ts';

const PAGE = 4;
const keyOf = String;
/** As the API answers: numbers below `cursor`, newest first. */
const pageOf = (count: number, cursor: string | null): ReadPage<number> => {
  const below = cursor === null ? count : Number(cursor);
  const rows = Array.from({ length: Math.min(PAGE, below) }, (_, index) => below - 1 - index);
  const last = rows.at(-1) ?? 0;
  return { rows, next: last > 0 ? String(last) : null };
};

describe('a list that grows while it is read', () => {
  test('holds every row from its newest to its oldest once, however many come between two looks', () => {
    const steps = fc.array(fc.oneof(fc.constant('older' as const), fc.integer({ min: 0, max: 2 * PAGE })), { maxLength: 30 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), steps, (start, all) => {
        let count = start;
        let list: NewestFirst<number> = withFirst(null, pageOf(count, null), keyOf);
        for (const step of all) {
          if (step === 'older') {
            if (list.next !== null) list = withOlder(list, list.next, pageOf(count, list.next));
          } else {
            count += step;
            list = withFirst(list, pageOf(count, null), keyOf);
          }
          const oldest = list.next === null ? 0 : Number(list.next);
          const newest = list.rows[0] ?? -1;
          expect(list.rows).toEqual(Array.from({ length: newest - oldest + 1 }, (_, index) => newest - index));
        }
      }),
    );
  });

  test('that nobody read on in is its first page alone', () => {
    const list = withFirst(withFirst(null, pageOf(10, null), keyOf), pageOf(12, null), keyOf);
    expect(list).toEqual({ rows: [11, 10, 9, 8], next: '8', hasOlder: false });
  });

  test('leaves out what does not fit any more, as what waited and is judged', () => {
    const list = withOlder(withFirst(null, pageOf(12, null), keyOf), '8', pageOf(12, '8'));
    expect(withFirst(list, { rows: [12, 11, 8], next: '8' }, keyOf).rows).toEqual([12, 11, 8, 7, 6, 5, 4]);
  });

  test('takes no page that was asked for before it began anew', () => {
    const list = withFirst(null, pageOf(50, null), keyOf);
    expect(withOlder(list, '8', pageOf(12, '8'))).toBe(list);
  });
});
