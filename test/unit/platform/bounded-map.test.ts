import { expect, test } from 'vitest';
import { BoundedMap } from '../../../src/platform/bounded-map.ts';

test('forgets what was set or used longest ago, once there are too many', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  expect(map.use('a')).toBe(1);
  map.set('c', 3);
  expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2]);
  expect(map.get('a')).toBe(1);
  map.set('d', 4);
  expect(map.has('a')).toBe(false);
  map.delete('d');
  expect(map.size).toBe(1);
});
