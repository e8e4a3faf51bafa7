import { expect, test } from 'vitest';
import { sectionNames, withSection } from '../../../bench/report/sections.ts';

const PAGE =
  'before\n<!-- begin scale -->\nold\n<!-- end scale -->\nbetween\n<!-- begin gpu-run -->\n<!-- end gpu-run -->\nafter\n';

test('a section is replaced whole, and everything around it stays', () => {
  const once = withSection(PAGE, 'scale', '| new |');
  expect(once).toBe(PAGE.replace('\nold\n', '\n\n| new |\n\n'));
  expect(withSection(once, 'scale', '| new |')).toBe(once);
});

test('sections are found by name, and one that is missing is refused', () => {
  expect(sectionNames(PAGE)).toEqual(['scale', 'gpu-run']);
  expect(() => withSection(PAGE, 'store', '')).toThrow('no section "store"');
});
