import { afterEach, expect, test } from 'vitest';
import { watchPauses } from '../../../../src/engine/telemetry/event-loop-delay.ts';
import type { Pauses } from '../../../../src/engine/telemetry/event-loop-delay.ts';

const BUSY_MS = 40;
const ROUNDS = 15;
const WINDOW_MS = 10_001;
let pauses: Pauses | null = null;
afterEach(() => pauses?.stop());

/** Blocks the event loop again and again, as store flushes do. */
const beBusy = async (): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let rounds = 0;
  const timer = setInterval(() => {
    const untilMs = performance.now() + BUSY_MS;
    while (performance.now() < untilMs);
    rounds += 1;
    if (rounds < ROUNDS) return;
    clearInterval(timer);
    resolve();
  }, 1);
  await promise;
};

test('takes some pauses for granted until it has seen a window, then what it measured', async () => {
  pauses = watchPauses();
  expect(pauses.typicalMs(1)).toBe(50);
  await beBusy();
  pauses.typicalMs(1 + WINDOW_MS);
  const measuredMs = pauses.typicalMs(2 + WINDOW_MS);
  expect(measuredMs).toBeGreaterThan(BUSY_MS / 2);
  expect(measuredMs).toBeLessThanOrEqual(500);
});
