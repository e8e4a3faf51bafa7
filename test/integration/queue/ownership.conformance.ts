import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import type { QueueOptions } from '../../../src/queue/queue.ts';
import { idOf } from '../../support/builders.ts';
import { holderOf } from '../../support/servers.ts';
import { idsOf, jobs, LEASE_MS, openBench, storeOf } from './queue.conformance.ts';

/** Writes the queue's owner as another daemon would. */
const setOwner = async (name: string, backend: QueueOptions['backend'], owner: object): Promise<void> => {
  if (backend.kind === 'postgres') {
    await backend.sql.query('update kiln.queue_owners set owner = $2 where queue = $1', [name, JSON.stringify(owner)]);
    return;
  }
  const redis = new Redis(backend.url);
  await redis.set(`kiln:${name}:owner`, JSON.stringify(owner));
  redis.disconnect();
};

/** Whose a queue is, over any backend. */
export const describeOwnership = (name: string, backendOf: () => QueueOptions['backend']): void => {
  describe(`the owner of a queue on ${name}`, () => {
    test('is refused to a daemon with another store, with both names and what to do, and keeps its jobs', async () => {
      const ours = await openBench(backendOf());
      await ours.queue.add(jobs(['a', 'b']));
      await ours.queue.close();
      const other = ours.again('another', LEASE_MS, { store: storeOf('b') });
      await expect(other).rejects.toMatchObject({
        code: 'QUEUE_OWNED_ELSEWHERE',
        message: expect.stringMatching(/the store a .*the store b .*queue\.prefix.*queue\.adopt .*store-a{32}/) as string,
      });
      const back = await ours.again('same');
      expect(idsOf(await back.queue.lease(10))).toEqual(['a', 'b'].map(idOf));
    });

    test('is taken over by a daemon that names the store it takes it from, and by no other', async () => {
      const ours = await openBench(backendOf());
      await ours.queue.add(jobs(['a']));
      await ours.queue.close();
      const wrong = ours.again('another', LEASE_MS, { store: storeOf('b'), adopt: storeOf('c').id });
      await expect(wrong).rejects.toMatchObject({ code: 'QUEUE_OWNED_ELSEWHERE' });
      const taken = await ours.again('another', LEASE_MS, { store: storeOf('b'), adopt: storeOf('a').id });
      const leases = idsOf(await taken.queue.lease(10));
      await taken.queue.discard(leases);
      expect(await taken.waiting()).toBe(0);
      await expect(ours.again('same')).rejects.toMatchObject({ code: 'QUEUE_OWNED_ELSEWHERE' });
    });

    test('ends what the store has nothing to do for while it is the store’s, and puts it back once it is another’s', async () => {
      const ours = await openBench(backendOf());
      await ours.queue.add(jobs(['done', 'unknown']));
      await ours.queue.lease(1);
      await ours.queue.discard([idOf('done')]);
      await ours.queue.lease(1);
      await setOwner(ours.name, backendOf(), { store: storeOf('b'), epoch: 1, holder: holderOf('other'), beat: 1 });
      await ours.queue.discard([idOf('unknown')]);
      expect(await ours.waiting()).toBe(1);
      expect(await ours.queue.lease(10)).toEqual([]);
      await expect(ours.queue.add(jobs(['more']))).rejects.toMatchObject({ code: 'QUEUE_OWNED_ELSEWHERE' });
      expect(ours.said).toEqual([expect.stringContaining('the store b')]);
    });

    test('is a later daemon’s of the same store as soon as that one opens it: the earlier one takes and adds nothing more', async () => {
      const ours = await openBench(backendOf());
      await ours.queue.add(jobs(['a', 'b']));
      await ours.queue.lease(1);
      const later = await ours.again('another', LEASE_MS, { epoch: 2, holder: holderOf('the later daemon') });
      await ours.tick('look');
      await expect
        .poll(() => ours.said)
        .toEqual([expect.stringContaining('worked on by'), expect.stringMatching(/^lost: .*test-machine/)]);
      expect(await ours.queue.lease(10)).toEqual([]);
      await expect(ours.queue.add(jobs(['c']))).rejects.toMatchObject({ code: 'STORE_IN_USE' });
      await ours.queue.remove([idOf('b')]);
      expect(idsOf(await later.queue.lease(10))).toEqual([idOf('b')]);
      await expect(ours.again('same')).rejects.toMatchObject({ code: 'STORE_IN_USE' });
    });
  });
};
