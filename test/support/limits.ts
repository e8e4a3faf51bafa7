/** How long tests wait for anything before they say that it did not come: many times what it takes, also on a machine that is busy with others. */
export const HANG_MS = 600_000;
