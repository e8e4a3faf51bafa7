import { setTimeout as pause } from 'node:timers/promises';
import type { KilnClient } from '../client/create-client.ts';

const POLL_MS = 100;

/** Of every point of a sweep, once all of them are submitted. For sweeps of a few points. */
export const sweepIds = async (client: KilnClient, id: string): Promise<readonly string[]> => {
  for (;;) {
    const { size, asked, status } = await client.sweep(id);
    const { points } = await client.sweepPoints(id);
    if ((asked >= size || status !== 'running') && points.length >= asked) return points.map((point) => point.id);
    await pause(POLL_MS);
  }
};
