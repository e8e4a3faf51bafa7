/** What each device did over the last minutes, summed up: of the same size however many attempts there were. */
import { z } from 'zod';
import { DeviceId } from '../ids.ts';

export const LANE_MINUTES_MAX = 60;
export const LanesQuery = z.strictObject({ minutes: z.coerce.number().int().min(1).max(LANE_MINUTES_MAX).default(5) });
export type LanesQuery = z.output<typeof LanesQuery>;

const Instant = z.iso.datetime();
const Milliseconds = z.array(z.int().min(0));

/**
 * One entry of each list for each step in which the device finished attempts: when the last of them ended, milliseconds after `since`, and how
 * their time was spent. An attempt after which the judge had to be replaced, or that failed on the host, is a fault for all of its time.
 */
export const DeviceLane = z.strictObject({
  deviceId: DeviceId,
  endMs: Milliseconds,
  waitingMs: Milliseconds,
  loadingMs: Milliseconds,
  checkingMs: Milliseconds,
  measuringMs: Milliseconds,
  faultMs: Milliseconds,
});
export type DeviceLane = z.infer<typeof DeviceLane>;

export const LanesView = z.strictObject({
  since: Instant,
  /** Attempts that finished by then are summed up here; later ones are told by /v1/activity. */
  until: Instant,
  devices: z.array(DeviceLane),
  /** How attempts ended, in parts of the time: `endMs` as above. "infra failure" where the host failed, "unknown" where nothing is known. */
  verdicts: z.array(z.strictObject({ endMs: z.int().min(0), verdict: z.string(), count: z.int().min(1) })),
});
export type LanesView = z.infer<typeof LanesView>;
