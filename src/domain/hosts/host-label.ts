import type { HostId } from '../ids.ts';

const LABEL_CHARS_MAX = 64;

/** Every host has it beside those of the fleet file: a candidate that asks for it is judged there and nowhere else. */
export const hostLabel = (host: HostId): string => `host:${host}`;

/** Those of its devices and its driver: for what is timed on one model by one driver. */
export const modelLabel = (deviceModel: string): string => `model:${deviceModel}`.slice(0, LABEL_CHARS_MAX);
export const driverLabel = (driver: string): string => `driver:${driver}`.slice(0, LABEL_CHARS_MAX);
