import { expect, test } from 'vitest';
import { deviceFor } from '../../../../src/cli/input/source-file.ts';

test('c goes to the cpu device unless another is asked for', () => {
  expect(deviceFor('c', undefined)).toEqual({ device: 'cpu' });
  expect(deviceFor('c', 'box')).toEqual({ device: 'box' });
  expect(deviceFor('cuda', undefined)).toEqual({});
});
