/** What a campaign learned, kept in its row, and what it is told of earlier ones. */
import type { CampaignSpec } from '../../../domain/campaign/campaign.ts';
import { type Lesson, LESSON_ROWS_MAX, type Recalled } from '../../../domain/campaign/lessons.ts';
import type { Judging } from '../../../domain/ports/kiln.ts';
import type { CampaignStore } from '../../../domain/ports/store.ts';
import { bounded, recalledFor } from '../../search/recall.ts';
import type { Run } from '../state/campaign-run.ts';
import { openTargets } from '../state/targets.ts';

/** Campaigns that a new one is told of. */
const CAMPAIGNS_MAX = 32;
/** All that is remembered of ideas: what is kept is chosen of it. */
const MEMORY_ROWS = 8 * LESSON_ROWS_MAX;

/** Of candidates on several models of one class, the one that judged most. */
export const lessonsOf = ({ targets }: Pick<Run, 'targets'>): readonly Lesson[] =>
  targets.flatMap(({ problem, device, bound, archive, models }) => {
    const [most] = [...models].toSorted(([, a], [, b]) => b - a);
    const rows = bounded(archive.memory(MEMORY_ROWS));
    return most === undefined || rows.length === 0 ? [] : [{ problem, device, deviceModel: most[0], bound, rows }];
  });

interface RecallDeps {
  readonly store: Pick<CampaignStore, 'lessons'>;
  readonly judging: Pick<Judging, 'problem' | 'fleet'>;
}

/** Nothing where it is not wanted. */
export const recall = async (spec: CampaignSpec, { store, judging }: RecallDeps): Promise<readonly Recalled[]> => {
  if (!spec.recall) return [];
  const [earlier, { hosts }] = await Promise.all([store.lessons(CAMPAIGNS_MAX), judging.fleet()]);
  const devices = hosts.flatMap((host) => host.devices);
  return openTargets(spec, judging).map(({ problem, device, bound }) => {
    const models = devices.filter((one) => one.class === device).map(({ model }) => model);
    return recalledFor({ problem, device, bound, models: [...new Set(models)] }, earlier);
  });
};
