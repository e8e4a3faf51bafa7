/** Redis and Postgres as `kiln doctor` sees them; nothing for the embedded store. */
import { withoutPassword } from '../config/kiln-config.ts';
import type { KilnConfig } from '../config/kiln-config.ts';
import type { Finding } from '../domain/finding.ts';
import { diagnoseRedis } from '../queue/diagnose-redis.ts';
import { diagnosePostgres } from '../store/diagnose-postgres.ts';

export const diagnoseStorage = async ({ store, queue }: KilnConfig): Promise<readonly Finding[]> => {
  const records =
    store.backend === 'postgres'
      ? await diagnosePostgres(store.url, withoutPassword(store.url))
      : { findings: [], storeId: null };
  return [...records.findings, ...(await diagnoseQueue({ store, queue }, records.storeId))];
};

const diagnoseQueue = async (
  { store, queue }: Pick<KilnConfig, 'store' | 'queue'>,
  storeId: string | null,
): Promise<readonly Finding[]> => {
  switch (queue.backend) {
    case 'embedded':
      return [];
    case 'redis':
      return diagnoseRedis({ url: queue.url, place: withoutPassword(queue.url), prefix: queue.prefix, storeId });
    case 'postgres':
      if (store.backend === 'postgres' && store.url === queue.url) return [];
      return (await diagnosePostgres(queue.url, withoutPassword(queue.url))).findings;
  }
};
