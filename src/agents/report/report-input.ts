import type { CampaignView } from '../../domain/api/campaigns.ts';
import type { Generation } from '../../domain/campaign/campaign.ts';
import { createIdeaTotals, type DiagnosisTotals } from './idea-totals.ts';
import { createProgress } from './progress.ts';
import type { Series } from './progress.ts';
import { createTotals } from './totals.ts';
import type { Totals } from './totals.ts';

/** A campaign as its report needs it. */
export interface ReportInput extends Totals, DiagnosisTotals {
  readonly view: CampaignView;
  /** In the order of the campaign's targets; one without a candidate that passed has no improvements. */
  readonly series: readonly Series[];
}

export interface ReportReader {
  /** Every generation once, in any order. */
  add(generation: Generation): void;
  input(): ReportInput;
}

/** Reads a campaign row by row: what is kept of it does not grow with its sources and texts. */
export const createReportReader = (view: CampaignView): ReportReader => {
  const progress = createProgress(view);
  const totals = createTotals(view);
  const ideas = createIdeaTotals();
  return {
    add: (generation) => {
      progress.add(generation);
      totals.add(generation);
      ideas.add(generation);
    },
    input: () => ({ view, series: progress.series(), ...totals.read(), ...ideas.read() }),
  };
};
