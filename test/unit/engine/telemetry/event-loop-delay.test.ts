import { afterEach, expect, test } from 'vitest';
import { watchEventLoopDelay } from '../../../../src/engine/telemetry/event-loop-delay.ts';
import type { EventLoopDelay } from '../../../../src/engine/telemetry/event-loop-delay.ts';

const BUSY_MS = 40;
const ROUNDS = 15;
const WINDOW_MS = 10_001;
let eventLoopDelay: EventLoopDelay | null = null;
afterEach(() => eventLoopDelay?.stop());

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

test('takes some eventLoopDelay for granted until it has seen a window, then what it measured', async () => {
  eventLoopDelay = watchEventLoopDelay();
  expect(eventLoopDelay.typicalMs(1)).toBe(50);
  await beBusy();
  eventLoopDelay.typicalMs(1 + WINDOW_MS);
  const measuredMs = eventLoopDelay.typicalMs(2 + WINDOW_MS);
  expect(measuredMs).toBeGreaterThan(BUSY_MS / 2);
  expect(measuredMs).toBeLessThanOrEqual(500);
});
