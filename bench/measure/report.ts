import type { DeviceView } from '../../src/domain/api/fleet.ts';
import { table } from '../markdown.ts';
import type { Resolution, Spread } from './experiments.ts';
import type { Agreement } from './kendall.ts';

const NULL_WITHIN = 0.003;
const VARIATION_MAX = 0.005;
const TAU_MIN = 0.95;

export interface Measured {
  readonly device: DeviceView;
  readonly machine: string;
  readonly nulls: Spread;
  readonly repeated: { readonly all: Spread; readonly halves: readonly Spread[] };
  readonly ranked: Agreement;
  readonly separate: Resolution;
  readonly paired: Resolution;
}

/** Markdown. Targets are those for a GPU; the cpu device shares its cores with everything else. */
export const report = (measured: Measured): string =>
  [
    `${measured.device.model} (${measured.device.class}). ${measured.machine}\n`,
    table(
      ['question', 'answer', 'target', ''],
      [
        nullRow(measured.nulls),
        repeatRow(measured.repeated),
        ...rankingRows(measured.ranked),
        resolutionRow('1 % more work, judged in pairs with the record holder', measured.paired),
        resolutionRow('1 % more work, judged in separate runs', measured.separate),
      ],
    ),
    '',
  ].join('\n');

const met = (isMet: boolean): string => (isMet ? 'met' : 'MISSED');
const share = (value: number): string => `${(value * 100).toFixed(3)} %`;

const nullRow = ({ judgements, mean, lowest, highest }: Spread): readonly string[] => {
  const worst = Math.max(Math.abs(lowest - 1), Math.abs(highest - 1));
  return [
    `baseline against itself, ${judgements} times`,
    `mean ${mean.toFixed(4)}, from ${lowest.toFixed(4)} to ${highest.toFixed(4)}`,
    `1.000 +- ${NULL_WITHIN}`,
    met(worst <= NULL_WITHIN),
  ];
};

const repeatRow = ({ all, halves }: Measured['repeated']): readonly string[] => [
  `one candidate ${all.judgements} times, every process new after half of them`,
  `CV ${share(all.variation)} (speed-ups ${all.lowest.toFixed(4)} to ${all.highest.toFixed(4)}; means of the halves ${halves
    .map(({ mean }) => mean.toFixed(4))
    .join(' and ')})`,
  `CV at most ${share(VARIATION_MAX)}`,
  met(all.variation <= VARIATION_MAX),
];

const rankingRows = ({ tau, tauApart, pairs, pairsApart }: Agreement): readonly (readonly string[])[] => [
  [
    'one sweep ranked twice: pairs whose intervals are apart',
    pairsApart === 0 ? `none of ${pairs} pairs is apart` : `tau ${tauApart.toFixed(3)} over ${pairsApart} of ${pairs} pairs`,
    `at least ${TAU_MIN}`,
    pairsApart === 0 ? 'not tested' : met(tauApart >= TAU_MIN),
  ],
  ['the same, all pairs', `tau-b ${tau.toFixed(3)}`, '', ''],
];

const resolutionRow = (question: string, { repetitions, ordered, apart, ratios }: Resolution): readonly string[] => [
  question,
  `${apart} of ${repetitions} told apart, ${ordered} in the right order; ratio ${ratios.mean.toFixed(4)} (${ratios.lowest.toFixed(4)} to ${ratios.highest.toFixed(4)})`,
  'told apart each time',
  met(apart === repetitions),
];
