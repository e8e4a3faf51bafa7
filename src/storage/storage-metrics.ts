/** Whether store, queue and data folder take writes, and what room there is: asked when the metrics are read. */
import { Gauge, Registry } from 'prom-client';
import { askParts, freeBytes, type ReadinessParts } from './readiness.ts';

/** Prometheus text. */
export const createStorageMetrics = (parts: ReadinessParts): (() => Promise<string>) => {
  const registry = new Registry();
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers: [registry] });
  const store = gauge('kiln_store_up', '1 while the store takes writes');
  const queue = gauge('kiln_queue_up', '1 while the queue takes writes');
  const data = gauge('kiln_data_folder_up', '1 while the data folder has room and takes writes');
  const free = gauge('kiln_data_folder_free_bytes', 'Room on the disk of the data folder');
  return async () => {
    const up = await askParts(parts);
    store.set(Number(up.store));
    queue.set(Number(up.queue));
    data.set(Number(up.data));
    free.set(await freeBytes(parts.dataDir));
    return registry.metrics();
  };
};
