/**
 * The two clocks. The wall clock can jump (NTP, a suspended machine, an administrator): it is for stamps that people and other machines read.
 * How long something took or may take, ages and deadlines are differences of the monotonic one. Nothing else in src asks the wall clock.
 */

/** Milliseconds since 1970. */
export const wallClockMs = (): number => Date.now();

/** ISO 8601, by the wall clock. */
export const wallClockStamp = (): string => new Date(wallClockMs()).toISOString();

/** Milliseconds that never jump, from an arbitrary beginning. */
export const monotonicMs = (): number => performance.now();
