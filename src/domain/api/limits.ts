/** Limits of what is asked, for those who need none of the schemas that hold them. */

/** The longest that an answer is held back (`?wait=SECONDS`), for what the caller waits for. */
export const WAIT_SECONDS_MAX = 60;

/** Candidates in one submission. */
export const BATCH_MAX = 1000;
