/** The table of an evolve campaign: what it began with, what it found, and the best hand-written seed on the same device. Pure. */
import type { Activity } from '../../src/domain/api/activity.ts';
import type { CampaignView } from '../../src/domain/api/campaigns.ts';
import type { RankingView } from '../../src/domain/api/problems.ts';
import type { RankingEntry } from '../../src/domain/ranking/ranking.ts';
import { table } from '../markdown.ts';
import { type Use, totalOf } from './device-use.ts';

export interface Finish {
  readonly date: string;
  readonly view: CampaignView;
  readonly device: string;
  readonly seeds: readonly { readonly problem: string; readonly file: string; readonly id: string }[];
  readonly rankings: readonly { readonly problem: string; readonly ranking: RankingView }[];
  /** Seconds of device time while the campaign ran. */
  readonly use: Use;
  /** Of the campaign. */
  readonly attempts: readonly Activity[];
}

const times = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : `${value.toFixed(3)}x`;
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const micros = (ns: number | undefined): string => (ns === undefined ? '-' : (ns / 1000).toFixed(2));

export const evolveReport = ({ date, view, device, seeds, rankings, use, attempts }: Finish): string => {
  const { spent } = view;
  const total = totalOf(use);
  return [
    `# An evolve campaign on ${device}, ${date}`,
    '',
    table(
      ['what', 'value'],
      [
        ['device', rankings[0]?.ranking.models[0]?.deviceModel ?? device],
        ['generator', 'evolve: mutation and crossover over params and marked regions, no model, no money'],
        ['agents', String(view.spec.agents)],
        ['device time', `${spent.gpuMinutes.toFixed(2)} GPU minutes in ${spent.minutes.toFixed(2)} minutes of running`],
        ['candidates', `${spent.candidates}, ${(spent.candidates / (spent.minutes * 60)).toFixed(1)} a second`],
        ['verdicts', counts(view.byVerdict)],
        ['answers without a candidate', counts(view.byFailure)],
        ['GPU', total > 0 ? uses(use, total) : 'not told'],
      ],
    ),
    '',
    table(
      [
        'problem',
        'start',
        'best found',
        'grew',
        'time, us',
        'of the floor',
        'best hand-written seed',
        'its time, us',
        'found / hand-written',
      ],
      rankings.map(({ problem, ranking }) => problemCells(view, seeds, { problem, ranking })),
    ),
    '',
    'start: the starting kernel with its naive defaults; speed-ups are against the problem’s baseline, geometric mean over the bench cases. found /',
    'hand-written: by rank key, which near the record follows a pair timed in one context. time: geometric mean of the medians.',
    '',
    judgementTable(attempts),
    '',
    ...view.best.map(({ problem }) => `![${problem}](${problem}.svg)`),
    '',
  ].join('\n');
};

const seconds = (of: readonly Activity[], phase: 'loadMs' | 'checkMs' | 'measureMs'): number =>
  of.reduce((sum, attempt) => sum + attempt[phase], 0) / 1000;

/** Where device time went: by problem and kind of judgement, most first. */
export const judgementTable = (attempts: readonly Activity[]): string => {
  const kinds = Map.groupBy(
    attempts,
    ({ problem, mode, verdict }) =>
      `${problem}, ${mode === 'screen' ? 'screenings' : 'pairs with the record'}${verdict === 'passed' ? '' : ', not passed'}`,
  );
  const rows = [...kinds].map(([kind, of]) => {
    const spent = [seconds(of, 'loadMs'), seconds(of, 'checkMs'), seconds(of, 'measureMs')];
    const total = spent.reduce((sum, part) => sum + part, 0);
    return {
      total,
      cells: [kind, of.length, ...spent.map((part) => part.toFixed(1)), ((total / of.length) * 1000).toFixed(0)],
    };
  });
  return table(
    ['judgements', 'how many', 'loading, s', 'checking, s', 'measuring, s', 'each, ms'],
    rows.toSorted((a, b) => b.total - a.total).map(({ cells }) => cells),
  );
};

const counts = (byName: Readonly<Record<string, number>>): string =>
  Object.entries(byName)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ') || 'none';

const uses = (use: Use, total: number): string =>
  [
    `measuring ${percent(use.measuring / total)}`,
    `checking ${percent(use.checking / total)}`,
    `loading ${percent(use.loading / total)}`,
    `idle with work ${percent(use.idleWithWork / total)}`,
    `idle without work ${percent(use.idleWithoutWork / total)}`,
    `faults ${percent(use.faults / total)}`,
  ].join(', ');

const problemCells = (
  view: CampaignView,
  seeds: Finish['seeds'],
  { problem, ranking }: Finish['rankings'][number],
): readonly string[] => {
  const entries = ranking.models.flatMap((model) => model.entries);
  const found = view.best.find((best) => best.problem === problem);
  const best = entries.find(({ candidateId }) => candidateId === found?.best?.candidateId);
  const hand = bestOf(
    entries,
    seeds.filter((seed) => seed.problem === problem),
  );
  const grew = found?.best && found.startSpeedup ? times(found.best.speedup / found.startSpeedup) : '-';
  const ratio = best && hand ? times(best.score.rankKey / hand.entry.score.rankKey) : '-';
  const floor = best?.score.floorShare;
  return [
    problem,
    times(found?.startSpeedup),
    times(best?.score.rankKey),
    grew,
    micros(best?.score.timeNs),
    floor === null || floor === undefined ? '-' : percent(floor),
    hand ? `${times(hand.entry.score.rankKey)} (${hand.file})` : '-',
    micros(hand?.entry.score.timeNs),
    ratio,
  ];
};

const bestOf = (
  entries: readonly RankingEntry[],
  seeds: Finish['seeds'],
): { readonly file: string; readonly entry: RankingEntry } | null => {
  const ranked = seeds.flatMap(({ file, id }) => {
    const entry = entries.find(({ candidateId }) => candidateId === id);
    return entry ? [{ file, entry }] : [];
  });
  return ranked.toSorted((a, b) => b.entry.score.rankKey - a.entry.score.rankKey)[0] ?? null;
};
