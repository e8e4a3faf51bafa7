import { expect, test } from 'vitest';
import { changedParams } from '../../../../src/domain/text/params-text.ts';

test('params that differ are told with both values, also those that one side leaves to its plan', () => {
  expect(changedParams({ BLOCK: 128, VEC: 4 }, { BLOCK: 256, VEC: 4, toString: 1 })).toEqual([
    'BLOCK 128 -> 256',
    'toString as the plan says -> 1',
  ]);
});
