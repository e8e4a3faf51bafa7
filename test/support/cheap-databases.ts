/** What makes the embedded database of a test cheap. Benchmarks have it as users do. */

// oxlint-disable-next-line node/no-process-env -- vitest says so
export const IS_TEST = 'VITEST' in process.env;

/** Flags of Node: none lives long enough for its code to be optimised, at seconds of a processor and hundreds of megabytes. */
export const UNOPTIMISED: readonly string[] = ['--liftoff-only'];
