import type { HostId } from '../ids.ts';

/** Every host has it beside those of the fleet file: a candidate that asks for it is judged there and nowhere else. */
export const hostLabel = (host: HostId): string => `host:${host}`;
