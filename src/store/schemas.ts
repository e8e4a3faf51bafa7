/** Kiln's tables are always written with their schema; BullMQ's commands are not, and find theirs on the search path. */
export const STORE_SCHEMA = 'kiln';
export const QUEUE_SCHEMA = 'bullmq';
export const SEARCH_PATH = `${QUEUE_SCHEMA},public`;
