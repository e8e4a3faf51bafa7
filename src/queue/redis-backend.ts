/** BullMQ on Redis. Adding, taking and ending jobs are scripts of our own for many at once; what is rare goes through BullMQ, many commands at once. */
import { ErrorCode, Job, Queue, Worker } from 'bullmq';
import { CandidateId } from '../domain/ids.ts';
import { withinLimit } from '../platform/within-limit.ts';
import { EVENTS_MAX, JOB_OPTIONS, PROMOTED, STALLED_COUNT_MAX } from './backend.ts';
import type { BackendOptions, LeasedJob, QueueBackend } from './backend.ts';
import { createRedisBulk } from './redis-bulk.ts';
import { missingOnRedis } from './redis-missing.ts';
import { createRedisOwner } from './redis-owner.ts';
import { readRedisSettings, redisConcerns } from './redis-settings.ts';

/** Commands written before the first answer is waited for. */
const COMMANDS_AT_ONCE = 256;
/** A command without an answer for so long has failed; it may have been done all the same. */
const ANSWER_LIMIT_MS = 5_000;
const RECONNECT_AFTER_MS = 100;
const RECONNECT_AFTER_MS_MAX = 2_000;

/** A command fails at once while Redis is away; nothing is kept to be sent later, when its caller has given up. */
const connectionOf = (url: string, answerLimitMs: number): object => ({
  url,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: null,
  commandTimeout: answerLimitMs,
  connectTimeout: answerLimitMs,
  retryStrategy: (times: number) => Math.min(times * RECONNECT_AFTER_MS, RECONNECT_AFTER_MS_MAX),
});

export interface RedisOfJobs {
  readonly url: string;
  /** A server that neither connects nor answers for so long is away; five seconds by default. */
  readonly answerLimitMs?: number;
}

/** Rejects within `answerLimitMs` where Redis cannot be reached. */
export const createRedisQueueBackend = async (
  { url, prefix, answerLimitMs = ANSWER_LIMIT_MS }: RedisOfJobs & { readonly prefix: string },
  options: BackendOptions,
): Promise<QueueBackend> => {
  const { name, token, leaseMs, onError } = options;
  const shared = { connection: connectionOf(url, answerLimitMs), prefix };
  const queue = new Queue(name, { ...shared, defaultJobOptions: JOB_OPTIONS, streams: { events: { maxLen: EVENTS_MAX } } });
  const leasing = { autorun: false, lockDuration: leaseMs, stalledInterval: leaseMs, maxStalledCount: STALLED_COUNT_MAX };
  const worker = new Worker(name, null, { ...shared, ...leasing });
  queue.on('error', onError);
  worker.on('error', onError);
  const close = async (): Promise<void> => {
    await worker.close(true);
    // Its goodbye fails where Redis is away or hangs, and leaves a connection that is tried for ever.
    await queue.close().catch(async () => {
      (await queue.getBackend().client).disconnect();
    });
  };
  try {
    await withinLimit(answerLimitMs, Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]), 'connection');
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ...createRedisBulk(queue, { token, leaseMs, options: JOB_OPTIONS }),
    ...leaseOperations({ queue, worker, token, leaseMs }),
    owner: createRedisOwner(queue),
    inheritance: null,
    missing: async (ids) => (ids.length > 0 ? missingOnRedis(queue, ids) : []),
    count: async () => queue.getJobCountByTypes('waiting', 'prioritized', 'active'),
    concerns: async () => redisConcerns(await readRedisSettings(queue)),
    promote: async (ids) => promoteEach(queue, ids),
    remove: async (ids) => removeEach(queue, ids),
    hasWaiting: async () => (await queue.getJobCountByTypes('waiting', 'prioritized')) > 0,
    watchStalled: async () => {
      await worker.startStalledCheckTimer();
    },
    close,
  };
};

interface Leasing {
  readonly queue: Queue;
  readonly worker: Worker;
  readonly token: string;
  readonly leaseMs: number;
}

const leaseOperations = (leasing: Leasing): Pick<QueueBackend, 'release' | 'adopt' | 'extend'> => {
  const { queue, worker, token, leaseMs } = leasing;
  return {
    release: async (ids) => releaseEach(queue, ids.toReversed(), token),
    adopt: async () => adoptActive(leasing),
    extend: async (ids) => {
      const lost = new Set(
        await worker.extendJobLocks(
          [...ids],
          Array.from(ids, () => token),
          leaseMs,
        ),
      );
      return ids.filter((id) => lost.has(id));
    },
  };
};

const leasedJobOf = (job: Job): LeasedJob => {
  // Unset where BullMQ has nothing against the job, whatever its type says.
  const failure: unknown = job.deferredFailure;
  const deferredFailure = typeof failure === 'string' ? failure : null;
  return { candidateId: CandidateId.parse(job.id), priority: job.priority, queuedAtMs: job.timestamp, deferredFailure };
};

const releaseEach = async (queue: Queue, ids: readonly CandidateId[], token: string): Promise<void> => {
  for (let from = 0; from < ids.length; from += COMMANDS_AT_ONCE) {
    await Promise.all(
      ids.slice(from, from + COMMANDS_AT_ONCE).map(async (id) => {
        const job = await Job.fromId(queue, id);
        if (job) await job.moveToWait(token).catch(unlessNotOurs);
      }),
    );
  }
};

const WAITING: ReadonlySet<string> = new Set(['waiting', 'prioritized']);

const promoteEach = async (queue: Queue, ids: readonly CandidateId[]): Promise<number> => {
  let promoted = 0;
  const promoteOne = async (id: CandidateId): Promise<void> => {
    const job = await Job.fromId(queue, id);
    // A job that is leased takes another priority as well, and stays where it is.
    if (!job || !WAITING.has(await job.getState())) return;
    await job.changePriority({ priority: PROMOTED }).then(() => void (promoted += 1), unlessNotOurs);
  };
  for (let from = 0; from < ids.length; from += COMMANDS_AT_ONCE) {
    await Promise.all(ids.slice(from, from + COMMANDS_AT_ONCE).map(promoteOne));
  }
  return promoted;
};

const removeEach = async (queue: Queue, ids: readonly CandidateId[]): Promise<void> => {
  for (let from = 0; from < ids.length; from += COMMANDS_AT_ONCE)
    await Promise.all(ids.slice(from, from + COMMANDS_AT_ONCE).map(async (id) => queue.remove(id)));
};

const NOT_OURS: readonly unknown[] = [
  ErrorCode.JobNotExist,
  ErrorCode.JobLockNotExist,
  ErrorCode.JobNotInState,
  ErrorCode.JobLockMismatch,
];

/** A job that is gone, or leased by another since, is not ours to end. */
const unlessNotOurs = (error: unknown): void => {
  if (!(error instanceof Error) || !('code' in error) || !NOT_OURS.includes(error.code)) throw error;
};

/** Of the active jobs, takes the locks that are ours or nobody's, all in one atomic script. */
const adoptActive = async ({ queue, token, leaseMs }: Leasing): Promise<readonly LeasedJob[]> => {
  const active = await queue.getActive(0, -1);
  const client = await queue.getBackend().client;
  client.defineCommand(TAKE_LOCKS, { numberOfKeys: 0, lua: TAKE_LOCKS_LUA });
  const keys = active.map((job) => `${queue.toKey(job.id ?? '')}:lock`);
  const taken: unknown = active.length > 0 ? await client.runCommand(TAKE_LOCKS, [token, leaseMs, ...keys]) : [];
  const takenKeys = new Set(Array.isArray(taken) ? taken : []);
  return active.filter((_, index) => takenKeys.has(keys[index])).map(leasedJobOf);
};

const TAKE_LOCKS = 'kilnTakeLocks';
/** Input: token, lease in ms, lock keys. Output: the lock keys that now hold the token. */
const TAKE_LOCKS_LUA = `
local taken = {}
for i = 3, #ARGV do
  local holder = redis.call('GET', ARGV[i])
  if not holder or holder == ARGV[1] then
    redis.call('SET', ARGV[i], ARGV[1], 'PX', ARGV[2])
    table.insert(taken, ARGV[i])
  end
end
return taken`;
