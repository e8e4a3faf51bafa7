import { expect, test } from 'vitest';
import { hostNameOf, isLoopback } from '../../../src/platform/loopback.ts';

test.each([
  '127.0.0.1',
  '127.0.0.1:7070',
  '127.255.255.254',
  '::1',
  '[::1]',
  '[::1]:7070',
  '0:0:0:0:0:0:0:1',
  '::ffff:127.0.0.1',
  '[::ffff:127.8.9.10]:1',
  '::ffff:7f00:1',
  'localhost',
  'LocalHost:80',
  'localhost.',
  'kiln.localhost',
  'a.b-c.localhost:7070',
])('%s is loopback', (authority) => {
  expect(isLoopback(authority)).toBe(true);
});

test.each([
  '',
  ':7070',
  '0.0.0.0',
  '::',
  '128.0.0.1',
  '10.0.0.1',
  '127.0.0.1.evil.example',
  '127.0.0.1@evil.example',
  '127.0.0.256',
  '[::1].evil.example',
  '[evil.example]:1',
  '::ffff:10.0.0.1',
  '::2',
  'localhost.evil.example',
  'evil.example#.localhost',
  'notlocalhost',
  '.localhost',
  'evil.example:80:localhost',
])('%s is not', (authority) => {
  expect(isLoopback(authority)).toBe(false);
});

test('a name has neither brackets nor a port', () => {
  expect(['[::1]:7070', '::1', 'Kiln.Example.:80'].map(hostNameOf)).toEqual(['::1', '::1', 'kiln.example']);
});
