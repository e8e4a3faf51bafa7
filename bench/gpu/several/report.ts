/** What several GPUs of one host did, as Markdown. Pure. */
import { table } from '../../markdown.ts';
import type { Figures } from '../rate/figures.ts';
import { RUNS } from '../rate/timing.ts';
import type { Comparison } from './agreement.ts';
import type { Growth, GrowthRun } from './growth.ts';
import type { BenchHost } from './host.ts';
import type { IsolationPhase } from './isolation.ts';
import type { Moved, PlacementFigures } from './placement.ts';

export interface Titled {
  readonly title: string;
  /** Markdown of a section that came to its end; otherwise why it did not. */
  readonly result: { readonly text: string } | { readonly failed: string };
  readonly seconds: number;
}

const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`;
const signed = (share: number): string => `${share >= 0 ? '+' : ''}${percent(share, 2)}`;
const micros = (ns: number): string => (ns / 1000).toFixed(2);

export const scalingReport = (
  host: Pick<BenchHost, 'inventory' | 'gpus' | 'isSimulated'>,
  date: string,
  sections: readonly Titled[],
): string =>
  [
    `# GPUs of one host, ${date}\n`,
    table(
      ['what', 'value'],
      [
        ['devices', `${host.gpus.length} x ${host.gpus[0]?.model}, ${host.gpus[0]?.architecture}`],
        ['driver, compiler', `${host.inventory.driver ?? 'none'}, ${host.inventory.nvrtc ?? host.inventory.nvcc ?? 'none'}`],
        ['cores', `${host.inventory.cores}, of them for compiling at once ${host.inventory.compileSlots}`],
        ['each candidate', `three bench cases, ${RUNS} timed runs a case, through a real sshd`],
      ],
    ),
    ...(host.isSimulated
      ? [
          '',
          'SIMULATED devices: this run shows that the benchmark works. No kernel ran, nothing below is a measurement of a GPU.',
        ]
      : []),
    ...sections.map(sectionText),
    '',
  ].join('\n');

const sectionText = ({ title, result, seconds }: Titled): string =>
  `\n## ${title}\n\n${'text' in result ? result.text : `FAILED: ${result.failed}`}\n\n(${seconds.toFixed(0)} s)`;

export const growthText = ({ one, all }: Growth): string => {
  const shift = (all.whole.measuring - one.whole.measuring) * 100;
  return [
    table(
      ['GPUs', '', 'candidates/s', 'measuring', 'checking', 'loading', 'other', 'idle', 'gap p50', 'gap p99', 'whole stream'],
      [one, all].flatMap(growthRows),
    ),
    '',
    `**${all.gpus} GPUs judge ${(all.whole.perSecond / one.whole.perSecond).toFixed(3)} times the candidates/s of one**; the measuring share moves by ${shift.toFixed(1)} points.`,
    'gap: idle though the next candidate was compiled and waiting. Rates are those of the steady part: after the first judgements, until the first GPU has no more.',
    ...[one, all].flatMap(({ gpus, unexpected }) => unexpected.map((text) => `- UNEXPECTED with ${gpus} GPU(s): ${text}`)),
  ].join('\n');
};

const growthRows = ({ gpus, whole, each, wholeSeconds, candidates }: GrowthRun): readonly (readonly (string | number)[])[] => [
  [gpus, 'together', ...figureCells(whole), `${candidates} in ${wholeSeconds.toFixed(1)} s`],
  ...(gpus > 1 ? each.map((figures, ordinal) => ['', `GPU ${ordinal}`, ...figureCells(figures), '']) : []),
];

const figureCells = ({ perSecond, measuring, checking, loading, other, idle, idleGapMs }: Figures): readonly string[] => [
  perSecond.toFixed(1),
  ...[measuring, checking, loading, other, idle].map((share) => percent(share)),
  ...(idleGapMs ? [idleGapMs.p50, idleGapMs.p99].map((ms) => `${ms.toFixed(2)} ms`) : ['', '']),
];

export const agreementText = (comparisons: readonly Comparison[]): string =>
  [
    table(
      ['', 'candidates', 'tau-b, all pairs', 'tau-b, pairs apart', 'pairs apart', 'time ratio, median', 'p5', 'p95'],
      comparisons.map(({ first, second, candidates, speedups, timeRatio }) => [
        first === second ? `GPU ${first} twice` : `GPU ${first} against GPU ${second}`,
        candidates,
        speedups.tau.toFixed(3),
        speedups.tauApart.toFixed(3),
        `${speedups.pairsApart} of ${speedups.pairs}`,
        ...[timeRatio.median, timeRatio.p5, timeRatio.p95].map((ratio) => ratio.toFixed(4)),
      ]),
    ),
    '',
    'Kendall’s tau-b of the speed-ups against the baseline. Pairs apart: the intervals of the two do not overlap, in either ranking. Time ratio: the second',
    'run’s geometric mean of medians divided by the first’s, for each candidate. Two runs of one GPU say what chance does.',
  ].join('\n');

export const placementText = ({ moved, repeats, rounds, load, compileSlots, hasNeighbour }: PlacementFigures): string => {
  const worst = (of: (row: Moved) => number): string =>
    signed(moved.map(of).reduce((most, by) => (Math.abs(by) > Math.abs(most) ? by : most), 0));
  return [
    table(
      ['kernel', 'case', 'quiet, us', 'under load, us', 'moved by', 'speed-up moved by', 'quiet after / before, worst'],
      moved.map((row) => [
        row.problem,
        row.case,
        micros(row.quietNs),
        micros(row.loadedNs),
        signed(row.moved),
        signed(row.speedupMoved),
        signed(row.drift),
      ]),
    ),
    '',
    `Medians on GPU 0, in ${rounds} rounds of ${2 * repeats} judgements quiet and ${2 * repeats} under load, in the order quiet, load, load, quiet; moved by: the median over the rounds. **The most that a median moves: ${worst((row) => row.moved)}, a speed-up: ${worst((row) => row.speedupMoved)}.**`,
    `Load: ${compileSlots} compile workers kept busy, ${load.compiled} new units in ${load.seconds.toFixed(1)} s (${(load.compiled / load.seconds).toFixed(0)}/s), ${hasNeighbour ? `${load.judged} of them judged on GPU 1` : 'none of them judged: this host has one GPU'}.`,
  ].join('\n');
};

export const isolationText = (phases: readonly IsolationPhase[], isSimulated: boolean): string => {
  const mean = (neighbour: IsolationPhase['neighbour']): number => {
    const rates = phases.filter((phase) => phase.neighbour === neighbour).map(({ perSecond }) => perSecond);
    return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  };
  const wrong = phases.reduce((sum, { unexpected }) => sum + unexpected, 0);
  return [
    table(
      ['GPU 1', 'GPU 0, candidates/s', 'GPU 0 measuring', 'contexts lost on GPU 1', 'a second', 'lost for each'],
      phases.map((phase) => [
        phase.neighbour === 'none' ? 'idle' : 'every candidate kills its context',
        phase.perSecond.toFixed(2),
        percent(phase.measuring),
        phase.faults,
        phase.faultsPerSecond.toFixed(2),
        phase.lostMs === null ? '' : `${phase.lostMs.toFixed(1)} ms`,
      ]),
    ),
    '',
    `**GPU 0 keeps ${percent(mean('faulting') / mean('none'))} of its rate.**`,
    ...(isSimulated ? ['Needs real kernels: a simulated device survives every candidate.'] : []),
    ...(wrong > 0 ? [`- UNEXPECTED: ${wrong} verdicts should have been others`] : []),
  ].join('\n');
};
