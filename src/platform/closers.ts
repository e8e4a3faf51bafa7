/** The parts of a process that must be closed when it ends. */

export interface Closer {
  readonly part: string;
  readonly close: () => Promise<void>;
}

/** Where what became of each part is told; pino's calls. */
export interface ClosingLog {
  readonly debug: (facts: object, message: string) => void;
  readonly error: (facts: object, message: string) => void;
}

/** Closes what was opened last first, and each part whatever became of those before it. Throws what failed first. */
export const closeAll = async (closers: readonly Closer[], log: ClosingLog): Promise<void> => {
  const failures: unknown[] = [];
  for (const { part, close } of closers.toReversed()) {
    const startedMs = performance.now();
    try {
      await close();
      log.debug({ part, ms: performance.now() - startedMs }, 'closed');
    } catch (error) {
      log.error({ part, err: error }, 'could not be closed');
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
};
