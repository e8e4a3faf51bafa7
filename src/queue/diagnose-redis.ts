/** What `kiln doctor` asks a Redis server. It writes one key for a moment, and changes nothing else. */
import { Redis } from 'ioredis';
import type { Finding } from '../domain/finding.ts';
import { parseOwner } from './ownership.ts';
import { QUEUE_NAME } from './backend.ts';
import { redisConcerns, redisSettings } from './redis-settings.ts';
import type { RedisSettings } from './redis-settings.ts';

const ANSWER_LIMIT_MS = 5_000;
/** What BullMQ asks for. */
const VERSION_MIN: readonly [number, number] = [6, 2];

export interface RedisPlace {
  readonly url: string;
  /** The URL without its password. */
  readonly place: string;
  readonly prefix: string;
  /** Null where it is not known. */
  readonly storeId: string | null;
  /** Five seconds by default. */
  readonly answerLimitMs?: number;
}

export const diagnoseRedis = async (at: RedisPlace): Promise<readonly Finding[]> => {
  const { answerLimitMs = ANSWER_LIMIT_MS } = at;
  const client = new Redis(at.url, {
    lazyConnect: true,
    connectTimeout: answerLimitMs,
    commandTimeout: answerLimitMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  const complaints: string[] = [];
  client.on('error', (error) => complaints.push(error.message));
  try {
    await client.connect();
    const settings = redisSettings(await client.info());
    return [versionOf(settings, at), ...lossOf(settings), await writesOf(client, at), await ownerOf(client, at)];
  } catch (error) {
    const reason = complaints[0] ?? (error instanceof Error ? error.message : String(error));
    const remedy = 'start it, or correct the URL, its user and its password (queue.url, KILN_REDIS_URL)';
    return [{ check: 'redis', found: `${at.place} cannot be used (${reason})`, remedy }];
  } finally {
    client.disconnect();
  }
};

const versionOf = ({ version, isReplica }: RedisSettings, { place }: RedisPlace): Finding => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < VERSION_MIN[0] || (major === VERSION_MIN[0] && minor < VERSION_MIN[1]);
  const remedy = isReplica
    ? 'this server is a replica: use the primary'
    : isOld
      ? `install Redis ${VERSION_MIN.join('.')} or later`
      : null;
  return { check: 'redis', found: `${version} at ${place}`, remedy };
};

const lossOf = (settings: RedisSettings): readonly Finding[] => {
  const concerns = redisConcerns(settings);
  const found = `maxmemory-policy ${settings.policy}, appendonly ${settings.isAppendOnly ? 'yes' : 'no'}`;
  return [{ check: 'redis durability', found, remedy: concerns.length > 0 ? concerns.join('; ') : null }];
};

const PROBE = `redis.call('SET', ARGV[1], '1', 'PX', '1000') return redis.call('DEL', ARGV[1])`;

const writesOf = async (client: Redis, { prefix }: RedisPlace): Promise<Finding> => {
  try {
    await client.eval(PROBE, 0, `${prefix}:doctor`);
    return { check: 'redis rights', found: `scripts and keys ${prefix}:*`, remedy: null };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const remedy = `let this user run scripts and write keys that begin with ${prefix}:, and see that the server has memory left`;
    return { check: 'redis rights', found, remedy };
  }
};

const ownerOf = async (client: Redis, { prefix, storeId }: RedisPlace): Promise<Finding> => {
  const owner = parseOwner(await client.get(`${prefix}:${QUEUE_NAME}:owner`));
  if (!owner) return { check: 'queue', found: `prefix ${prefix}, of no store yet`, remedy: null };
  const isOther = storeId !== null && owner.store.id !== storeId;
  const remedy = `it is not this daemon's (${storeId}): use another queue.prefix (KILN_QUEUE_PREFIX), or take it over with queue.adopt`;
  return {
    check: 'queue',
    found: `prefix ${prefix}, of ${owner.store.name} (${owner.store.id})`,
    remedy: isOther ? remedy : null,
  };
};
