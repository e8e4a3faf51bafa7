/** What a device's state does to times and to speed-ups, as Markdown. Pure. */
import type { CaseTiming } from '../../../src/domain/measurement.ts';
import { table } from '../../markdown.ts';
import { quantile } from '../../quantile.ts';
import type { BenchHost } from '../several/host.ts';
import { STATES } from './measure.ts';
import type { Case } from './measure.ts';

export interface Steadiness {
  /** Median over the judgements without pauses, nanoseconds. */
  readonly timeNs: number;
  /** The most that the median over a state's judgements is away from that of another state, as a share. */
  readonly timeMoves: number;
  readonly speedup: number;
  readonly speedupMoves: number;
  /** Standard deviation / mean of the speed-ups of all judgements; and had one median of the baseline been remembered all along. */
  readonly variation: number;
  readonly variationRemembered: number;
  readonly methods: Readonly<Record<CaseTiming['method'], number>>;
}

export const steadinessOf = ({ timings }: Pick<Case, 'timings'>): Steadiness => {
  const states = STATES.map((state) => timings[state]);
  const all = states.flat();
  const times = states.map((list) => median(list.map(({ candidate }) => candidate.medianNs)));
  const speedups = states.map((list) => median(list.map(({ speedup }) => speedup)));
  const methodCount = (method: CaseTiming['method']): number => all.filter((timing) => timing.method === method).length;
  return {
    timeNs: times[0] ?? Number.NaN,
    timeMoves: rangeOf(times),
    speedup: speedups[0] ?? Number.NaN,
    speedupMoves: rangeOf(speedups),
    variation: variationOf(all.map(({ speedup }) => speedup)),
    // A constant in the numerator leaves the variation of the times.
    variationRemembered: variationOf(all.map(({ candidate }) => 1 / candidate.medianNs)),
    methods: { paired: methodCount('paired'), cached: methodCount('cached') },
  };
};

export const statesReport = (
  host: Pick<BenchHost, 'inventory' | 'gpus' | 'isSimulated'>,
  date: string,
  { cases, repeats }: { readonly cases: readonly Case[]; readonly repeats: number },
): string => {
  const rows = cases.map((one) => ({ ...one, ...steadinessOf(one) }));
  const nulls = rows.filter(({ isBaseline }) => isBaseline).map(({ speedup }) => speedup);
  const worst = (of: (row: Steadiness) => number): string => percent(Math.max(...rows.map(of)));
  return [
    `# What the device did before, ${date}\n`,
    `${host.gpus[0]?.model}, driver ${host.inventory.driver ?? 'none'}; the timing rules of a new installation; ${repeats} judgements of each kernel in each state: all kernels`,
    'in turn, after a pause of a quarter of a second each, each kernel alone over and over.\n',
    ...simulatedNote(host),
    table(
      ['kernel', 'case', 'time, us', 'moves by', 'speed-up', 'moves by', 'CV', 'CV, remembered baseline', 'paired, cached'],
      rows.map((row) => [
        row.kernel,
        row.case,
        (row.timeNs / 1000).toFixed(2),
        percent(row.timeMoves),
        row.speedup.toFixed(3),
        percent(row.speedupMoves),
        percent(row.variation),
        percent(row.variationRemembered),
        `${row.methods.paired}, ${row.methods.cached}`,
      ]),
    ),
    '',
    'Time and speed-up: medians without pauses. Moves by: the most that the medians of two states differ. CV: of the speed-ups of all judgements; and of',
    'what they would be against one remembered time of the baseline.\n',
    `**Between states times move by up to ${worst(({ timeMoves }) => timeMoves)}, speed-ups by up to ${worst(({ speedupMoves }) => speedupMoves)}. ` +
      `CV of a speed-up at most ${worst(({ variation }) => variation)}, against a remembered baseline at most ${worst(({ variationRemembered }) => variationRemembered)}. ` +
      `Baselines against themselves: ${Math.min(...nulls).toFixed(4)} to ${Math.max(...nulls).toFixed(4)}.**`,
    '',
  ].join('\n');
};

/** What heads a report of no hardware. */
export const simulatedNote = ({ isSimulated }: Pick<BenchHost, 'isSimulated'>): readonly string[] =>
  isSimulated
    ? ['SIMULATED device: this run shows that the benchmark works. No kernel ran, nothing below is a measurement of a GPU.\n']
    : [];

export const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
const median = (values: readonly number[]): number => quantile(values, 0.5);
const rangeOf = (values: readonly number[]): number => Math.max(...values) / Math.min(...values) - 1;

const variationOf = (values: readonly number[]): number => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1)) / mean;
};
