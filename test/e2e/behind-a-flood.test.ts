/** Devices must not idle, and nobody must wait for all of somebody else's work, because of what was submitted before. */
import { afterEach, describe, expect, test } from 'vitest';
import { SCHEDULER_DEFAULTS } from '../../src/scheduler/options.ts';
import { REDIS_MISSING, hasRedis, startRedis } from '../support/servers.ts';
import { addition } from '../support/addition.ts';
import { kilnFolder, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder, KilnProcess } from '../support/kiln-process.ts';
import { HANG_MS } from '../support/limits.ts';

const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';
/** Two devices at 20 ms: 100 candidates a second. */
const SIMULATED = { KILN_SIMULATED_DEVICES: '2', KILN_SIMULATED_JUDGE_MS: '20', KILN_LOG_LEVEL: 'warn' };
const BATCH = 1000;
const LATE = 20;

let folder: KilnFolder | null = null;
afterEach(() => {
  folder?.remove();
  folder = null;
});

interface Wish {
  readonly submitter: string;
  readonly device: string;
  readonly count: number;
}

/** A batch is one source over and over, apart by its trial. */
const submit = async ({ client }: KilnProcess, { submitter, device, count }: Wish): Promise<ReadonlySet<string>> => {
  const ids = new Set<string>();
  for (let from = 0; from < count; from += BATCH) {
    const source = `${addition(0)}// ${submitter}, from ${from}\n`;
    const trials = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) => index);
    const { candidates } = await client.submit(
      trials.map((trial) => ({ problem: 'vector_add', device, source, submitter, trial })),
    );
    for (const { id } of candidates) ids.add(id);
  }
  return ids;
};

interface Served {
  readonly behindBlocked: readonly string[];
  readonly behindFlood: readonly string[];
  /** Most of the flood, while the late ones were judged. */
  readonly floodWaits: boolean;
}

/** Verdicts of the others from the submission of the late ones to their last verdict. The journal has it, whenever it is read. */
const judgedBefore = async (
  { client }: KilnProcess,
  { late, others }: { readonly late: ReadonlySet<string>; readonly others: ReadonlySet<string> },
): Promise<number> => {
  const left = new Set(late);
  let [isSubmitted, judged] = [false, 0];
  for await (const { type, candidateId } of client.events({ after: 0, signal: AbortSignal.timeout(HANG_MS) })) {
    if (!candidateId) continue;
    if (type === 'candidate.queued' && late.has(candidateId)) isSubmitted = true;
    if (type !== 'candidate.done') continue;
    left.delete(candidateId);
    if (left.size === 0) break;
    if (isSubmitted && others.has(candidateId)) judged += 1;
  }
  return judged;
};

/** Verdicts of those who came last. */
const serveLateOnes = async (settings: Record<string, string>): Promise<Served> => {
  folder = kilnFolder(FLEET, { ...SIMULATED, ...settings });
  const kiln = await startKiln(folder);
  // More than the scheduler ever holds, and no device of the class.
  await submit(kiln, { submitter: 'blocked', device: 'H100', count: SCHEDULER_DEFAULTS.blockedMax + BATCH });
  const first = await submit(kiln, { submitter: 'first', device: 'simulated', count: LATE });
  const behindBlocked = [...(await untilDone(kiln.client, first)).values()];

  // A minute of work, more than the window holds.
  const others = await submit(kiln, { submitter: 'flood', device: 'simulated', count: SCHEDULER_DEFAULTS.windowMax + BATCH });
  const late = await submit(kiln, { submitter: 'late', device: 'simulated', count: LATE });
  const behindFlood = [...(await untilDone(kiln.client, late)).values()];
  const judged = await judgedBefore(kiln, { late, others });
  await kiln.stop();
  return { behindBlocked, behindFlood, floodWaits: judged < others.size / 2 };
};

const ALL = Array.from({ length: LATE }, () => 'passed');
const SERVED: Served = { behindBlocked: ALL, behindFlood: ALL, floodWaits: true };

describe('candidates behind tens of thousands of others', () => {
  test('are judged at once where devices of theirs are free, and take turns where they are not', async () => {
    expect(await serveLateOnes({})).toEqual(SERVED);
  });

  test.skipIf(!hasRedis)(`the same with the queue on Redis${REDIS_MISSING}`, async () => {
    const redis = await startRedis();
    try {
      expect(await serveLateOnes({ KILN_REDIS_URL: redis.url })).toEqual(SERVED);
    } finally {
      await redis.stop();
    }
  });
});
