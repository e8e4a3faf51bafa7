/** Where a benchmark's daemon keeps what it keeps. */
import { hasPostgres, hasRedis, startPostgres, startRedis } from '../../test/support/servers.ts';

export interface Backend {
  readonly name: string;
  /** Variables as in `docker-compose.yml`. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface Servers {
  /** Null without redis-server on this machine. */
  readonly redis: string | null;
  readonly backends: readonly Backend[];
  stop(): Promise<void>;
}

/** Those that this machine has. */
export const startServers = async (): Promise<Servers> => {
  const redis = hasRedis ? await startRedis() : null;
  const postgres = hasPostgres ? await startPostgres() : null;
  return {
    redis: redis?.url ?? null,
    backends: backendsOf(redis?.url ?? null, postgres?.url ?? null),
    stop: async () => {
      await redis?.stop();
      await postgres?.stop();
    },
  };
};

const backendsOf = (redis: string | null, postgres: string | null): readonly Backend[] => [
  { name: 'embedded', settings: {} },
  ...(redis ? [{ name: 'Redis, records embedded', settings: queueOn(redis, 'embedded') }] : []),
  ...(redis && postgres
    ? [{ name: 'Redis, records in Postgres', settings: { KILN_POSTGRES_URL: postgres, ...queueOn(redis, 'postgres') } }]
    : []),
];

/** A queue belongs to one store: each backend has its own on the server that they share. */
const queueOn = (redis: string, prefix: string): Record<string, string> => ({ KILN_REDIS_URL: redis, KILN_QUEUE_PREFIX: prefix });
