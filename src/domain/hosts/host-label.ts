import { type HostId, hashOf } from '../ids.ts';

const LABEL_CHARS_MAX = 64;
/** Of the hash that ends a label that would be too long. */
const HASH_CHARS = 12;

/** Every host has it beside those of the fleet file: a candidate that asks for it is judged there and nowhere else. */
export const hostLabel = (host: HostId): string => `host:${host}`;

/** Those of its devices and its driver: for what is timed on one model by one driver. */
export const modelLabel = (deviceModel: string): string => shortened(`model:${deviceModel}`);
export const driverLabel = (driver: string): string => shortened(`driver:${driver}`);

/** Two that begin alike stay two. */
const shortened = (label: string): string =>
  label.length <= LABEL_CHARS_MAX
    ? label
    : `${label.slice(0, LABEL_CHARS_MAX - HASH_CHARS - 1)}-${hashOf(label).slice(0, HASH_CHARS)}`;
