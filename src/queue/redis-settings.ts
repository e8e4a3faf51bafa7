/** What a Redis says of itself that a queue depends on. */
import type { Queue } from 'bullmq';

export interface RedisSettings {
  readonly version: string;
  /** `noeviction`, or what is evicted when memory is full. */
  readonly policy: string;
  readonly isAppendOnly: boolean;
  readonly isReplica: boolean;
}

/** From INFO, which managed services allow where CONFIG is forbidden. */
export const redisSettings = (info: string): RedisSettings => {
  const fields = new Map(
    info.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return {
    version: fields.get('redis_version') ?? 'unknown',
    policy: fields.get('maxmemory_policy') ?? 'unknown',
    isAppendOnly: fields.get('aof_enabled') === '1',
    isReplica: fields.get('role') === 'slave',
  };
};

/** What makes a queue lose jobs, each with what to do. */
export const redisConcerns = ({ policy, isAppendOnly }: RedisSettings): readonly string[] => [
  ...(policy === 'noeviction'
    ? []
    : [
        `this Redis evicts keys when its memory is full (maxmemory-policy ${policy}), queued jobs too: set maxmemory-policy noeviction. ` +
          'Evicted jobs are queued again from the store, which costs time',
      ]),
  ...(isAppendOnly
    ? []
    : [
        'this Redis keeps no append-only file (appendonly no): when it restarts, jobs since its last snapshot are gone, and are queued again ' +
          'from the store, in the order of submission. Set appendonly yes',
      ]),
];

export const readRedisSettings = async (queue: Queue): Promise<RedisSettings> => {
  const client = await queue.getBackend().client;
  return redisSettings(await client.info());
};
