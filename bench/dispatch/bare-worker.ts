/**
 * The limit to compare with: BullMQ alone on the same Redis, in a process of its own with nothing else to do.
 * `node bench/dispatch/bare-worker.ts URL JOBS` prints one line of JSON: jobs a second added, and processed by a worker that does nothing.
 */
import { Queue, Worker } from 'bullmq';

const BATCH = 1000;
/** More does not make it faster: the commands share one connection. */
const CONCURRENCY = 200;

const connect = (url: string) => ({ connection: { url, maxRetriesPerRequest: null }, prefix: 'bare' });
const options = { removeOnComplete: true, removeOnFail: true };

const addAll = async (queue: Queue, jobs: number): Promise<number> => {
  const startedMs = performance.now();
  for (let from = 0; from < jobs; from += BATCH) {
    const count = Math.min(BATCH, jobs - from);
    await queue.addBulk(
      Array.from({ length: count }, (_, index) => ({
        name: 'bare',
        data: {},
        opts: { ...options, jobId: `bare-${from + index}`, priority: 100 },
      })),
    );
  }
  return jobs / ((performance.now() - startedMs) / 1000);
};

const processAll = async (url: string, jobs: number): Promise<number> => {
  const done = Promise.withResolvers<void>();
  let left = jobs;
  const work = async (): Promise<void> => {
    left -= 1;
    if (left === 0) done.resolve();
  };
  const worker = new Worker('bare', work, { ...connect(url), concurrency: CONCURRENCY, autorun: false });
  await worker.waitUntilReady();
  const startedMs = performance.now();
  void worker.run();
  await done.promise;
  const perSecond = jobs / ((performance.now() - startedMs) / 1000);
  await worker.close();
  return perSecond;
};

const main = async (url: string, jobs: number): Promise<void> => {
  const queue = new Queue('bare', connect(url));
  const addedPerSecond = await addAll(queue, jobs);
  const processedPerSecond = await processAll(url, jobs);
  await queue.obliterate({ force: true });
  await queue.close();
  process.stdout.write(`${JSON.stringify({ addedPerSecond, processedPerSecond })}\n`);
};

await main(process.argv[2] ?? '', Number(process.argv[3]));
