import { expect, test } from 'vitest';
import type { SweepId } from '../../../src/domain/ids.ts';
import { createSignal } from '../../../src/platform/signal.ts';
import { resultsOf } from '../../../src/sweeps/results.ts';
import { sweepIdOf } from '../../support/builders.ts';

test('who waits for results of one sweep asks the store when something came of that sweep, not of others', async () => {
  const [mine, other] = [sweepIdOf('mine'), sweepIdOf('other')];
  const news = createSignal<SweepId>();
  const begun = Promise.withResolvers<void>();
  let questions = 0;
  let isOpen = true;
  const answer = resultsOf(
    { id: mine, query: { after: 0, limit: 10, wait: 30 }, signal: new AbortController().signal },
    {
      news,
      isOpen: async () => Promise.resolve(isOpen),
      store: {
        sweepResults: async () => {
          questions += 1;
          // What is awaited goes on in the next turn of the loop.
          setImmediate(begun.resolve);
          return Promise.resolve([]);
        },
      },
    },
  );
  await begun.promise;
  for (let time = 0; time < 5; time += 1) {
    news.emit(other);
    await new Promise(setImmediate);
  }
  expect(questions).toBe(1);
  isOpen = false;
  news.emit(mine);
  expect(await answer).toEqual({ results: [], more: false });
  expect(questions).toBe(2);
});
