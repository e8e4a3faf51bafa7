import { expect, test } from 'vitest';
import { waitingText } from '../../../../src/dashboard/model/waiting-text.ts';

test('one candidate waits, several wait', () => {
  expect(waitingText('H100', 1, 'no host has it')).toBe('1 candidate for H100 waits: no host has it');
  expect(waitingText('H100', 2000, 'no host has it')).toBe('2,000 candidates for H100 wait: no host has it');
});
