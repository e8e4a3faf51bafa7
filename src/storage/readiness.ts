/**
 * Whether what is accepted now could be kept: asked of the data folder, the store and the queue themselves, by a small write to each. The answer is
 * for everybody, so it says which of them and nothing of its error; the log does.
 */
import { statfs, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monotonicMs } from '../platform/clock.ts';
import { withinLimit } from '../platform/within-limit.ts';

/** What Postgres asks of the disk at once for its log; with less, the next write may be the one that fails. */
const ROOM_BYTES_MIN = 16 * 1024 * 1024;
const PROBE_BYTES = 4096;
/** Probes of several balancers share one answer. */
const FRESH_MS = 2000;
const ANSWER_LIMIT_MS = 3000;

export interface ReadinessParts {
  readonly dataDir: string;
  /** Each rejects where the part does not take writes. */
  readonly store: () => Promise<void>;
  readonly queue: () => Promise<void>;
  /** A part that does not answer within it is not ready; three seconds by default. */
  readonly answerLimitMs?: number;
  readonly log: { warn(facts: object, message: string): void; info(facts: object, message: string): void };
}

export type NotReady = () => Promise<string | null>;

/** Null when ready. */
export const createReadiness = (parts: ReadinessParts): NotReady => {
  let last: { readonly atMs: number; readonly answer: Promise<string | null> } | null = null;
  let shown: string | null = null;

  const report = (reason: string | null, error: unknown): void => {
    if (reason === shown) return;
    shown = reason;
    if (reason === null) parts.log.info({}, 'ready again: data folder, store and queue take writes');
    else parts.log.warn({ err: error }, `not ready: ${reason}`);
  };
  const ask = async (): Promise<string | null> => {
    for (const [reason, check] of checksOf(parts)) {
      try {
        await answered(parts, check());
      } catch (error) {
        report(reason, error);
        return reason;
      }
    }
    report(null, null);
    return null;
  };
  return async () => {
    if (last === null || monotonicMs() - last.atMs > FRESH_MS) last = { atMs: monotonicMs(), answer: ask() };
    return last.answer;
  };
};

const checksOf = ({ dataDir, store, queue }: ReadinessParts): readonly (readonly [string, () => Promise<void>])[] => [
  ['the data folder has no room, or takes no writes', async () => hasRoom(dataDir)],
  ['the store does not take writes', store],
  ['the queue does not take writes', queue],
];

const hasRoom = async (dataDir: string): Promise<void> => {
  const bytes = await freeBytes(dataDir);
  if (bytes < ROOM_BYTES_MIN) throw new Error(`${bytes} bytes are left in ${dataDir}; at least ${ROOM_BYTES_MIN} are needed`);
  // A quota, or a disk that became read-only, shows only when something is written.
  const file = join(dataDir, 'ready-probe');
  await writeFile(file, Buffer.alloc(PROBE_BYTES), { mode: 0o600, flush: true });
  await rm(file, { force: true });
};

/** Which of them take writes now. */
export const askParts = async (
  parts: ReadinessParts,
): Promise<{ readonly data: boolean; readonly store: boolean; readonly queue: boolean }> => {
  const succeeds = async (check: Promise<void>): Promise<boolean> =>
    answered(parts, check).then(
      () => true,
      () => false,
    );
  const [data, store, queue] = await Promise.all([
    succeeds(hasRoom(parts.dataDir)),
    succeeds(parts.store()),
    succeeds(parts.queue()),
  ]);
  return { data, store, queue };
};

const answered = async ({ answerLimitMs = ANSWER_LIMIT_MS }: ReadinessParts, check: Promise<void>): Promise<void> =>
  withinLimit(answerLimitMs, check, 'answer');

export const freeBytes = async (dataDir: string): Promise<number> => {
  const { bavail, bsize } = await statfs(dataDir);
  return bavail * bsize;
};
