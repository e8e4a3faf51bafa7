/** What the CLI's exit status means. */
export const EXIT = {
  ok: 0,
  /** The command failed: "error: what. what to do" is on standard error. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** `submit`: at least one candidate did not pass, with `--watch` or because that is known at once. */
  notPassed: 3,
  /** `--timeout`: what was waited for is not done; it goes on. */
  timedOut: 4,
} as const;
