import { expect, test } from 'vitest';
import { TokenId } from '../../../../src/domain/access/token.ts';
import { createSessions } from '../../../../src/server/sign-in/sessions.ts';

const DAY_MS = 24 * 3_600_000;
const TOKEN = 'a-token-of-some-length';

test('a session is valid for a day, over a restart, and for its own token alone', () => {
  let now = 1_000_000;
  const sessions = createSessions({ token: TOKEN, now: () => now });
  const value = sessions.issue(null);
  expect(value).not.toContain(TOKEN);
  expect(sessions.open(value) !== null).toBe(true);
  expect(createSessions({ token: TOKEN, now: () => now }).open(value) !== null).toBe(true);
  expect(createSessions({ token: `${TOKEN}2`, now: () => now }).open(value) !== null).toBe(false);
  now += DAY_MS;
  expect(sessions.open(value) !== null).toBe(false);
});

test('a session that was signed out is valid no more; others are', () => {
  const sessions = createSessions({ token: TOKEN, now: () => 1 });
  const [one, other] = [sessions.issue(null), sessions.issue(null)];
  sessions.end(one);
  expect([sessions.open(one) !== null, sessions.open(other) !== null]).toEqual([false, true]);
});

test('what was changed anywhere is no session', () => {
  const sessions = createSessions({ token: TOKEN, now: () => 1 });
  const value = sessions.issue(null);
  const changed = Array.from(
    value,
    (sign, index) => `${value.slice(0, index)}${sign === 'A' ? 'B' : 'A'}${value.slice(index + 1)}`,
  );
  // The last sign of the signature holds two bits that mean nothing.
  expect(changed.slice(0, -1).filter((text) => sessions.open(text) !== null)).toEqual([]);
  const [, id = '', signature = ''] = value.split('.');
  const forged = ['', '..', `${DAY_MS * 9}.${id}.${signature}`, `${value}.x`, ` ${value}`, value.slice(0, -1)];
  expect(forged.filter((text) => sessions.open(text) !== null)).toEqual([]);
});

test('a session of a named token tells which, and nobody makes it that of another', () => {
  const sessions = createSessions({ token: TOKEN, now: () => 1 });
  const id = TokenId.parse('t-0123456789abcdef');
  const value = sessions.issue(id);
  expect(sessions.open(value)).toEqual({ tokenId: id });
  expect(sessions.open(value.replace(id, 't-0123456789abcdee'))).toBeNull();
  expect(sessions.open(value.replace(`.${id}`, ''))).toBeNull();
});
