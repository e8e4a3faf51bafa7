import { expect, test } from 'vitest';
import { tellInOrder } from '../../../src/gpu/checks-in-order.ts';
import { good } from '../../../src/gpu/host-check.ts';

test('checks of hosts that are examined side by side are told host by host, those of the first at once', () => {
  const told: string[] = [];
  const { tell, end } = tellInOrder(['a', 'b', 'c'], (host, { check }) => void told.push(`${host} ${check}`));
  tell('b', good('python3', ''));
  expect(told).toEqual([]);
  tell('a', good('disk', ''));
  expect(told).toEqual(['a disk']);
  tell('c', good('gcc', ''));
  end('c');
  end('a');
  expect(told).toEqual(['a disk', 'b python3']);
  tell('b', good('disk', ''));
  end('b');
  expect(told).toEqual(['a disk', 'b python3', 'b disk', 'c gcc']);
});
