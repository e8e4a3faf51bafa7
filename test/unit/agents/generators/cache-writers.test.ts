import { describe, expect, test } from 'vitest';
import { createCacheWriters } from '../../../../src/agents/generators/cache-writers.ts';

const NEVER = new AbortController().signal;
const rig = () => {
  const clock = { ms: 0 };
  return { clock, writers: createCacheWriters({ lifeMs: 1000, now: () => clock.ms }) };
};

/** Whether it is through by now: whatever is due in this turn of the event loop has happened. */
const isThrough = async (entered: Promise<unknown>): Promise<boolean> => {
  let through = false;
  void entered.then(() => (through = true));
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  return through;
};

describe('a prefix of a prompt', () => {
  test('is written by one, whom the others wait for until the service has begun to answer', async () => {
    const { writers } = rig();
    const first = await writers.enter('a', NEVER);
    const second = writers.enter('a', NEVER);
    expect(await isThrough(second)).toBe(false);
    expect(await isThrough(writers.enter('b', NEVER))).toBe(true);
    first.begun();
    expect(await isThrough(second)).toBe(true);
  });

  test('is written by the next where the first came to nothing', async () => {
    const { writers } = rig();
    const first = await writers.enter('a', NEVER);
    const [second, third] = [writers.enter('a', NEVER), writers.enter('a', NEVER)];
    first.end();
    expect([await isThrough(second), await isThrough(third)]).toEqual([true, false]);
    (await second).end();
    expect(await isThrough(third)).toBe(true);
  });

  test('is written again when nobody read it for its life, and stays while it is read', async () => {
    const { clock, writers } = rig();
    (await writers.enter('a', NEVER)).begun();
    clock.ms = 900;
    (await writers.enter('a', NEVER)).begun();
    clock.ms = 1800;
    await writers.enter('a', NEVER);
    expect(await isThrough(writers.enter('a', NEVER))).toBe(true);
    clock.ms = 3000;
    await writers.enter('a', NEVER);
    expect(await isThrough(writers.enter('a', NEVER))).toBe(false);
  });

  test('keeps nobody who is stopped', async () => {
    const { writers } = rig();
    await writers.enter('a', NEVER);
    const stop = new AbortController();
    const second = writers.enter('a', stop.signal);
    stop.abort();
    expect(await isThrough(second)).toBe(true);
  });
});
