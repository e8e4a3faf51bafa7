import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';

test('migrations are numbered without a gap, and no number is used twice', () => {
  const numbers = readdirSync('src/store/migrations')
    .toSorted()
    .map((name) => Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1]));
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});
