/** Weights and limits of submitters in memory, of whom nothing waits. */
import type { SubmitterView } from '../../../src/domain/api/submitters.ts';
import type { SubmitterControl } from '../../../src/domain/ports/submitters.ts';
import { LIMITS_DEFAULT } from '../../../src/domain/submitters.ts';

const SINCE = '2026-01-02T03:04:05.000Z';

export const createFakeSubmitters = (): SubmitterControl => {
  const kept = new Map<string, SubmitterView>();
  const viewOf = (submitter: string): SubmitterView =>
    kept.get(submitter) ?? { ...LIMITS_DEFAULT, submitter, since: null, by: null, waiting: 0, running: 0, gpuMinutesToday: null };
  return {
    list: async () => ({ submitters: [...kept.values()].toSorted((a, b) => a.submitter.localeCompare(b.submitter)) }),
    set: async (submitter, change, by) => {
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      const view = { ...viewOf(submitter), ...given, since: SINCE, by };
      kept.set(submitter, view);
      return view;
    },
    clear: async (submitter) => {
      kept.delete(submitter);
      return viewOf(submitter);
    },
  };
};
