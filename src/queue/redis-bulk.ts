/**
 * Adding, taking and ending many jobs on Redis, each as one script over BullMQ's own keys: a script of BullMQ's moves one job, does much that Kiln has no use for (events that nobody
 * reads, parents, metrics, rate limits), and costs both sides several times as much. BullMQ's version is locked in package.json, and the conformance suite runs these scripts
 * beside BullMQ's own.
 */
import type { Queue } from 'bullmq';
import { wallClockMs } from '../platform/clock.ts';
import { CandidateId } from '../domain/ids.ts';
import type { NewJob } from '../domain/ports/queue.ts';
import { bulkJob, type LeasedJob } from './backend.ts';

/** Redis does nothing else while a script runs. */
const JOBS_AT_ONCE = 250;

export interface RedisBulk {
  readonly add: (jobs: readonly NewJob[]) => Promise<void>;
  readonly lease: (count: number) => Promise<readonly LeasedJob[]>;
  readonly complete: (ids: readonly CandidateId[]) => Promise<void>;
}

export const createRedisBulk = (
  queue: Queue,
  { token, leaseMs, options }: { readonly token: string; readonly leaseMs: number; readonly options: object },
): RedisBulk => {
  const base = queue.toKey('');
  const run = async (name: keyof typeof SCRIPTS, args: readonly (string | number)[]): Promise<unknown> => {
    const client = await queue.getBackend().client;
    client.defineCommand(name, { numberOfKeys: 0, lua: SCRIPTS[name] });
    return client.runCommand(name, [base, ...args]);
  };
  return {
    add: async (jobs) => {
      for (const some of chunksOf(jobs)) {
        const entries = some
          .map(bulkJob)
          .flatMap(({ name, data, opts }) => [
            opts.jobId,
            opts.priority,
            name,
            JSON.stringify(data),
            JSON.stringify({ ...options, ...opts }),
          ]);
        await run('kilnAdd', [wallClockMs(), ...entries]);
      }
    },
    lease: async (count) => {
      const leased: LeasedJob[] = [];
      while (leased.length < count) {
        const wanted = Math.min(JOBS_AT_ONCE, count - leased.length);
        const found = await run('kilnLease', [token, leaseMs, wallClockMs(), wanted]);
        const rows = Array.isArray(found) ? found.map(leaseOf) : [];
        leased.push(...rows);
        if (rows.length < wanted) break;
      }
      return leased;
    },
    complete: async (ids) => {
      for (const some of chunksOf(ids)) await run('kilnComplete', [token, ...some]);
    },
  };
};

/** Priority and time are lost where Redis lost the job's own key: the store has the candidate. */
const leaseOf = (row: unknown): LeasedJob => {
  const [id, priority, timestamp, failure] = Array.isArray(row)
    ? row.map((part: unknown) => (typeof part === 'string' ? part : null))
    : [];
  return {
    candidateId: CandidateId.parse(id),
    priority: Number(priority ?? 0),
    queuedAtMs: Number(timestamp ?? 0),
    deferredFailure: failure ?? null,
  };
};

const chunksOf = <T>(items: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / JOBS_AT_ONCE) }, (_, at) =>
    items.slice(at * JOBS_AT_ONCE, (at + 1) * JOBS_AT_ONCE),
  );

/** In each, the first input is what all keys of the queue begin with. */
const SCRIPTS = {
  /** Input: time, then id, priority (from 1), name, data and options of each job. A job that is there stays as it is. */
  kilnAdd: `
local base, now = ARGV[1], ARGV[2]
for i = 3, #ARGV, 5 do
  local id, priority = ARGV[i], ARGV[i + 1]
  local key = base .. id
  if redis.call('EXISTS', key) == 0 then
    redis.call('INCR', base .. 'id')
    redis.call('HSET', key, 'name', ARGV[i + 2], 'data', ARGV[i + 3], 'opts', ARGV[i + 4], 'timestamp', now, 'delay', 0, 'priority', priority)
    local place = redis.call('INCR', base .. 'pc') % 0x100000000
    redis.call('ZADD', base .. 'prioritized', tonumber(priority) * 0x100000000 + place, id)
  end
end
redis.call('ZADD', base .. 'marker', 0, '0')`,

  /** Input: token, lease in ms, time, how many. Output: id, priority, time of adding and deferred failure of each. A paused queue gives nothing. */
  kilnLease: `
local base, token, leaseMs, now, count = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local leased = {}
if redis.call('HEXISTS', base .. 'meta', 'paused') == 1 then return leased end
while #leased < count do
  local id = redis.call('RPOPLPUSH', base .. 'wait', base .. 'active')
  if not id then
    id = redis.call('ZPOPMIN', base .. 'prioritized')[1]
    if not id then
      redis.call('DEL', base .. 'pc')
      break
    end
    redis.call('LPUSH', base .. 'active', id)
  end
  local key = base .. id
  redis.call('SET', key .. ':lock', token, 'PX', leaseMs)
  redis.call('HSET', key, 'processedOn', now)
  redis.call('HINCRBY', key, 'ats', 1)
  local job = redis.call('HMGET', key, 'priority', 'timestamp', 'defa')
  table.insert(leased, {id, job[1], job[2], job[3]})
end
return leased`,

  /** Input: token, ids. Those that are leased under the token are gone; the others stay as they are. */
  kilnComplete: `
local base, token = ARGV[1], ARGV[2]
for i = 3, #ARGV do
  local id = ARGV[i]
  local key = base .. id
  if redis.call('GET', key .. ':lock') == token then
    redis.call('DEL', key .. ':lock')
    redis.call('SREM', base .. 'stalled', id)
    if redis.call('LREM', base .. 'active', -1, id) > 0 then redis.call('DEL', key, key .. ':logs') end
  end
end`,
} as const;
