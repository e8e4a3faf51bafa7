import { expect, test } from 'vitest';
import { createGroupCommit } from '../../../src/platform/group-commit.ts';

/** Writes when it is told to. */
const gated = () => {
  const groups: (readonly number[])[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const commit = createGroupCommit(async (items: readonly number[]) => {
    groups.push(items);
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    await gate.promise;
    return items.map((item) => item * 10);
  });
  return { commit, groups, gates };
};

test('what arrives during a write shares the next one, and everyone gets the results of their own items', async () => {
  const { commit, groups, gates } = gated();
  const first = commit.write([1]);
  const second = commit.write([2, 3]);
  const third = commit.write([4]);
  gates[0]?.resolve();
  expect(await first).toEqual([10]);
  gates[1]?.resolve();
  expect(await Promise.all([second, third])).toEqual([[20, 30], [40]]);
  expect(groups).toEqual([[1], [2, 3, 4]]);
});

test('an error is told to everyone of its group and to nobody else, and the next write goes on', async () => {
  const { commit, gates } = gated();
  const first = commit.write([1]);
  const second = commit.write([2]);
  const third = commit.write([3]);
  gates[0]?.reject(new Error('the store is away'));
  await expect(first).rejects.toThrow('the store is away');
  gates[1]?.resolve();
  expect(await Promise.all([second, third])).toEqual([[20], [30]]);
});

test('a group is bounded: a large batch goes alone', async () => {
  const { commit, groups, gates } = gated();
  const large = Array.from({ length: 1999 }, (_, index) => index);
  const all = [commit.write([1]), commit.write(large), commit.write([7]), commit.write([8])];
  gates[0]?.resolve();
  await all[0];
  gates[1]?.resolve();
  await Promise.all([all[1], all[2]]);
  gates[2]?.resolve();
  await all[3];
  expect(groups.map(({ length }) => length)).toEqual([1, 2000, 1]);
});
