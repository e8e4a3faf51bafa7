import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CandidateId } from '../../../../src/domain/ids.ts';
import type { SelectedCandidate } from '../../../../src/domain/ports/store-rows.ts';
import { countElsewhere } from '../../../../src/engine/steering/selection.ts';

const ID = CandidateId.parse(`c-${'1'.repeat(32)}`);

const candidate = (id: CandidateId): SelectedCandidate => ({
  order: '1',
  id,
  problem: 'scale',
  problemVersion: '',
  device: 'H100',
  submitter: 'me',
  priority: 100,
  status: 'judging',
  verdict: null,
  isPaused: false,
  lacksEnvironment: null,
});

/** After the first read the candidate is done. Of two that are asked at once, that of those that are done comes first. */
const endingStore = () => {
  let reads = 0;
  return {
    idsWithPrefix: async () => [],
    selected: async ({ isDone }: { readonly isDone: boolean }) => {
      if (!isDone) await setImmediate();
      reads += 1;
      return isDone === reads > 1 ? [candidate(ID)] : [];
    },
  };
};

test.each([false, true])('whoever is done while it is looked for is not unknown (of those that are done: %s)', async (isDone) => {
  const counted = countElsewhere(endingStore(), { ids: [ID] }, { isDone });
  await expect(counted).resolves.toBe(1);
});
