import { expect, test } from 'vitest';
import { createWrongTokens } from '../../../../src/server/sign-in/wrong-tokens.ts';

const BURST = 10;
const times = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

test('ten at once are told that they are wrong, the eleventh when to come back', () => {
  let nowMs = 0;
  const wrong = createWrongTokens(() => nowMs);
  expect(times(BURST).map(() => wrong.note('10.0.0.1').retrySeconds)).toEqual(times(BURST).map(() => 0));
  expect(wrong.note('10.0.0.1').retrySeconds).toBe(6);
  nowMs = 3000;
  expect(wrong.note('10.0.0.1').retrySeconds).toBe(3);
  nowMs = 6000;
  expect(wrong.note('10.0.0.1').retrySeconds).toBe(0);
  expect(wrong.note('10.0.0.1').retrySeconds).toBe(6);
});

test('addresses are counted apart; one that reached the limit is told once', () => {
  const wrong = createWrongTokens(() => 0);
  const first = times(BURST + 5).map(() => wrong.note('10.0.0.1').isFirstAboveLimit);
  expect(first.filter(Boolean)).toHaveLength(1);
  expect(wrong.note('10.0.0.2').retrySeconds).toBe(0);
});

test.each([
  ['one IPv6 network of 64 bits', '2001:db8::1', '2001:db8:0:0:ffff::2'],
  ['an IPv4 address, also as IPv6', '10.0.0.1', '::ffff:10.0.0.1'],
])('%s counts as one', (_name, one, other) => {
  const wrong = createWrongTokens(() => 0);
  for (const _ of times(BURST)) wrong.note(one);
  expect(wrong.note(other).retrySeconds).toBeGreaterThan(0);
  expect(wrong.note('2001:db8:0:1::1').retrySeconds).toBe(0);
});

test('from however many addresses they come, memory is bounded and the busiest are remembered', () => {
  const wrong = createWrongTokens(() => 0);
  for (const _ of times(BURST)) wrong.note('10.0.0.1');
  for (const index of times(20_000)) {
    wrong.note(`11.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
    if (index % 1000 === 0) wrong.note('10.0.0.1');
  }
  expect(wrong.size).toBe(4096);
  expect(wrong.note('10.0.0.1').retrySeconds).toBeGreaterThan(0);
});
