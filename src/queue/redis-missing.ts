/** Which candidates a queue on Redis has no job for. A job that is in no list is none, whatever is left of it: a Redis that evicts takes whole keys. */
import type { Queue } from 'bullmq';
import { CandidateId } from '../domain/ids.ts';

const MISSING = 'kilnMissing';
/** Input: what all keys of the queue begin with, ids. Output: the ids that are in no list; what was left of them is gone. */
const MISSING_LUA = `
local base = ARGV[1]
local listed = {}
for _, list in ipairs({'wait', 'paused', 'active'}) do
  for _, id in ipairs(redis.call('LRANGE', base .. list, 0, -1)) do listed[id] = true end
end
local missing = {}
for i = 2, #ARGV do
  local id = ARGV[i]
  if not listed[id] and not redis.call('ZSCORE', base .. 'prioritized', id) then
    redis.call('DEL', base .. id, base .. id .. ':lock')
    table.insert(missing, id)
  end
end
return missing`;

export const missingOnRedis = async (queue: Queue, ids: readonly CandidateId[]): Promise<readonly CandidateId[]> => {
  const client = await queue.getBackend().client;
  client.defineCommand(MISSING, { numberOfKeys: 0, lua: MISSING_LUA });
  const missing: unknown = await client.runCommand(MISSING, [queue.toKey(''), ...ids]);
  return Array.isArray(missing) ? missing.map((id) => CandidateId.parse(id)) : [];
};
