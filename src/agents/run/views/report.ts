/** A campaign's report, read from its rows page by page: a hundred thousand generations are never in memory at once. */
import type { CampaignView, ReportQuery } from '../../../domain/api/campaigns.ts';
import { KilnError } from '../../../domain/errors.ts';
import type { CampaignStore } from '../../../domain/ports/store.ts';
import { markdownReport } from '../../report/campaign-report.ts';
import { createReportReader } from '../../report/report-input.ts';
import { speedupPlot } from '../../report/speedup-plot.ts';
import { generationsOf } from '../lifecycle/replay.ts';

export interface Report {
  readonly contentType: string;
  readonly text: string;
}

/** Throws NOT_FOUND for a problem that the campaign does not work on. */
export const reportOf = async (
  store: Pick<CampaignStore, 'generations'>,
  view: CampaignView,
  { format, problem }: ReportQuery,
): Promise<Report> => {
  const { id, spec } = view;
  if (problem !== undefined && !spec.problems.includes(problem)) {
    throw new KilnError('NOT_FOUND', `campaign ${id} does not work on "${problem}" but on ${spec.problems.join(', ')}`);
  }
  const reader = createReportReader(view);
  for await (const page of generationsOf(store, id)) for (const generation of page) reader.add(generation);
  const input = reader.input();
  return format === 'svg'
    ? { contentType: 'image/svg+xml; charset=utf-8', text: speedupPlot(input, { problem: problem ?? null }) }
    : { contentType: 'text/markdown; charset=utf-8', text: markdownReport(input) };
};
