import { describe, expect, test } from 'vitest';
import { retry } from '../../../src/platform/retry.ts';

const failing = (times: number) => {
  let calls = 0;
  return async (): Promise<number> => {
    calls += 1;
    if (calls <= times) throw new Error(`failure ${calls}`);
    return calls;
  };
};
/** Every wait is over at once. */
const clock = (waits: number[]) => ({
  after: (ms: number, act: () => void) => {
    waits.push(ms);
    queueMicrotask(act);
    return () => undefined;
  },
});

describe('work that fails', () => {
  test('is tried again until it works, after the time that the number of failures asks for', async () => {
    const waits: number[] = [];
    const rules = { mayHelp: () => true, waitMs: (failures: number) => 10 * failures, clock: clock(waits) };
    expect(await retry(failing(3), rules)).toBe(4);
    expect(waits).toEqual([10, 20, 30]);
  });

  test('fails with its own error once another try does not help', async () => {
    const rules = { mayHelp: (_error: unknown, failures: number) => failures < 2, waitMs: () => 1, clock: clock([]) };
    await expect(retry(failing(9), rules)).rejects.toThrow('failure 2');
  });

  test('is not waited for any more once the signal aborts: one last try, and its error', async () => {
    const abort = new AbortController();
    const after = () => {
      queueMicrotask(() => abort.abort());
      return () => undefined;
    };
    await expect(
      retry(failing(9), { mayHelp: () => true, waitMs: () => 1, signal: abort.signal, clock: { after } }),
    ).rejects.toThrow('failure 2');
  });
});
