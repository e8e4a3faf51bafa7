import { expect, test } from 'vitest';
import { createInTurn } from '../../../src/platform/in-turn.ts';

test('work on one thing is done in turn, on others beside it, and a failure keeps nobody waiting', async () => {
  const inTurn = createInTurn<string>();
  const said: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = inTurn('a', async () => {
    await gate.promise;
    said.push('first');
    throw new Error('no luck');
  });
  const second = inTurn('a', async () => {
    said.push('second');
    return 2;
  });
  await inTurn('b', async () => {
    said.push('beside');
  });
  gate.resolve();
  await expect(first).rejects.toThrow('no luck');
  expect(await second).toBe(2);
  expect(said).toEqual(['beside', 'first', 'second']);
});
