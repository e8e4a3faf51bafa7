/** How each best candidate came about: every step from a starting point to it. */
import type { CampaignBest } from '../../domain/api/campaigns.ts';
import type { Generation } from '../../domain/campaign/campaign.ts';
import type { CandidateId } from '../../domain/ids.ts';
import { times } from '../../domain/text/units.ts';
import { isJudged } from './progress.ts';
import { code, markdownTable, section } from './markdown.ts';
import type { ReportInput } from './report-input.ts';

const STEPS_MAX = 100;

export const lineageSection = ({ view, ancestors }: ReportInput): readonly string[] =>
  section('Lineage', ...view.best.map((best) => lineageTable(best, ancestors)));

const lineageTable = ({ problem, device, best }: CampaignBest, byCandidate: ReadonlyMap<CandidateId, Generation>): string => {
  if (best === null) return '';
  const rows = best.lineage
    .slice(-STEPS_MAX)
    .map((id, index) => [String(index + 1), code(id), ...stepCells(byCandidate.get(id))]);
  const titles = ['Step', 'Candidate', 'Generation', 'Move', 'Generator', 'Idea', 'Verdict', 'Speed-up'];
  return `${code(problem)} on ${code(device)}:\n\n${markdownTable(titles, rows, 'rlrllllr')}`;
};

const stepCells = (generation: Generation | undefined): readonly string[] => {
  if (generation === undefined || !isJudged(generation)) return ['-', '-', '-', '-', '-', '-'];
  const { number, move, generator, idea, state } = generation;
  const speedup = state.speedup === null ? '-' : times(state.speedup);
  return [String(number), move, code(generator), code(idea), state.verdict, speedup];
};
