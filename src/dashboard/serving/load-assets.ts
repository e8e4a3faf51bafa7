/** The dashboard's files, read and linked beside the daemon's thread: what waits for a device, or for an answer, must not wait for them. */
import { Worker } from 'node:worker_threads';
import { assetsOf, type Assets, type Sources } from './assets.ts';

/** Rejects with what is wrong with a file. */
export const loadAssets = async (): Promise<Assets> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('sources-worker.ts', import.meta.url));
    worker.once('message', (sources: Sources) => {
      resolve(assetsOf(sources));
    });
    worker.once('error', reject);
  });
