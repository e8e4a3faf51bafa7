import { expect, test } from 'vitest';
import { runProcess } from '../../../scripts/testing/process.ts';

test('a program that outlives its limit is ended, and it is said which limit that was', async () => {
  const exit = await runProcess(['sleep', '60'], { show: false, limitMs: 100 });
  expect(exit.code).toBeNull();
  expect(exit.limit).toContain('ended by its limit of 0.1 s');
});

test('a program that ends by itself, or is not there, met no limit', async () => {
  expect(await runProcess(['true'], { show: false, limitMs: 60_000 })).toMatchObject({ code: 0, limit: '' });
  expect(await runProcess(['no-such-program'], { show: false, limitMs: 60_000 })).toMatchObject({ code: null, limit: '' });
});
