import { expect, test } from 'vitest';
import type { Steered, SteeringRequest } from '../../../src/domain/api/steering.ts';
import { SELECTED_IDS_MAX } from '../../../src/domain/api/steering.ts';
import { CandidateId } from '../../../src/domain/ids.ts';
import { cancelPoints } from '../../../src/sweeps/cancel-points.ts';
import { sweepIdOf } from '../../support/builders.ts';

const NOTHING: Steered = { action: 'cancel', dryRun: false, matched: 0, changed: 0, unchanged: [], candidates: [] };

test('points that wait are cancelled together, as many at once as may be named', async () => {
  const waiting = Array.from({ length: SELECTED_IDS_MAX + 1 }, (_, index) =>
    CandidateId.parse(`c-${String(index).padStart(32, '0')}`),
  );
  const asked: SteeringRequest[] = [];
  await cancelPoints(sweepIdOf('tuning'), {
    store: { unfinishedOfSweep: async () => Promise.resolve(waiting) },
    judging: {
      steer: async (action, request) => {
        asked.push(request);
        return Promise.resolve({ ...NOTHING, action });
      },
    },
  });
  expect(asked.map(({ select }) => select.ids?.length)).toEqual([SELECTED_IDS_MAX, 1]);
  expect(asked.flatMap(({ select }) => select.ids ?? [])).toEqual(waiting);
});
