/** Kiln's tables are always written with their schema; BullMQ's commands are not, and find theirs on the search path. */
export const STORE_SCHEMA = 'kiln';
export const QUEUE_SCHEMA = 'bullmq';
export const SEARCH_PATH = `${QUEUE_SCHEMA},public`;

/** BullMQ listens for errors on a pool that it was given, and never stops: two listeners a queue that was ever opened on it. */
export const POOL_LISTENERS_MAX = 100;
