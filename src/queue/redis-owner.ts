/** The owner of a queue on Redis: one key beside the jobs, changed only by compare and set. */
import type { Queue } from 'bullmq';
import type { OwnerEntry } from './ownership.ts';

const READ = 'kilnReadOwner';
const READ_LUA = `return redis.call('GET', ARGV[1])`;
const SWAP = 'kilnSwapOwner';
/** Input: key, what must be there ('' for nothing), what to write. Output: 1 where it was written. */
const SWAP_LUA = `
local found = redis.call('GET', ARGV[1])
if (found or '') ~= ARGV[2] then return 0 end
redis.call('SET', ARGV[1], ARGV[3])
return 1`;

export const createRedisOwner = (queue: Queue): OwnerEntry => {
  const key = queue.toKey('owner');
  const run = async (name: string, lua: string, args: string[]): Promise<unknown> => {
    const client = await queue.getBackend().client;
    client.defineCommand(name, { numberOfKeys: 0, lua });
    return client.runCommand(name, args);
  };
  return {
    beats: true,
    read: async () => {
      const found = await run(READ, READ_LUA, [key]);
      return typeof found === 'string' ? found : null;
    },
    swap: async (before, after) => (await run(SWAP, SWAP_LUA, [key, before ?? '', after])) === 1,
  };
};
