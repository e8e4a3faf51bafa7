/**
 * What one judge process after another measures of the same kernels: each process has the physical memory that it is given, and within it a case keeps
 * its own. How far judgements are apart within a process, and how far processes are, says what more runs could narrow and what they could not.
 */
import type { CaseTiming } from '../../../src/domain/measurement.ts';
import type { TimingRules } from '../../../src/domain/protocol.ts';
import { table } from '../../markdown.ts';
import type { BenchHost } from '../several/host.ts';
import { startRunner } from '../several/runner.ts';
import { COMPUTING, prepareWatched, STREAMING } from '../several/watched.ts';
import { judging } from './measure.ts';
import { percent, simulatedNote } from './report.ts';

/** One judgement of one case, in process number `process`. */
export interface Placed {
  readonly kernel: string;
  readonly process: number;
  readonly timing: CaseTiming;
}

export interface Counts {
  readonly processes: number;
  /** Judgements of each kernel in each process, behind one that is not counted. */
  readonly repeats: number;
}

export const measurePlacements = async (
  host: BenchHost,
  timing: TimingRules,
  { processes, repeats }: Counts,
): Promise<readonly Placed[]> => {
  const found: Placed[] = [];
  for (let process = 0; process < processes; process += 1)
    found.push(...(await inOneProcess(host, timing, { process, repeats })));
  return found;
};

const inOneProcess = async (
  host: BenchHost,
  timing: TimingRules,
  { process, repeats }: { readonly process: number; readonly repeats: number },
): Promise<readonly Placed[]> => {
  const runner = await startRunner(host);
  try {
    const watched = await prepareWatched(runner, [...STREAMING, ...COMPUTING]);
    const found: Placed[] = [];
    // Pairs: so that each judgement has times of both sides.
    const judge = judging(runner, { ...timing, method: 'paired' });
    for (const kernel of watched) {
      const judged = await Promise.all(Array.from({ length: 1 + repeats }, async () => judge(kernel)));
      found.push(...judged.slice(1).flatMap((timings) => timings.map((one) => ({ kernel: kernel.name, process, timing: one }))));
    }
    return found;
  } finally {
    await runner.stop();
  }
};

/** Standard deviations of the logarithm, so shares: of judgements in one process, and of processes beyond what these come to. */
export interface Apart {
  readonly within: number;
  readonly between: number;
}

/** `groups`: of each process what its judgements measured, as many in each, at least two of at least two. */
export const apart = (groups: readonly (readonly number[])[]): Apart => {
  const logs = groups.map((group) => group.map((value) => Math.log(value)));
  const within = mean(logs.map(varianceOf));
  const repeats = mean(logs.map(({ length }) => length));
  return { within: Math.sqrt(within), between: Math.sqrt(Math.max(0, varianceOf(logs.map(mean)) - within / repeats)) };
};

export const placementsReport = (
  host: BenchHost,
  date: string,
  found: readonly Placed[],
  { processes, repeats }: Counts,
): string => {
  const cases = [...Map.groupBy(found, ({ kernel, timing }) => `${kernel} ${timing.case}`).values()];
  const rows = cases.map((list) => {
    const of = (value: (timing: CaseTiming) => number): Apart =>
      apart([...Map.groupBy(list, ({ process }) => process).values()].map((group) => group.map(({ timing }) => value(timing))));
    return {
      kernel: list[0]?.kernel ?? '',
      case: list[0]?.timing.case ?? '',
      timeNs: Math.exp(mean(list.map(({ timing }) => Math.log(timing.candidate.medianNs)))),
      candidate: of(({ candidate }) => candidate.medianNs),
      baseline: of(({ baseline }) => baseline.medianNs),
      speedup: of(({ speedup }) => speedup),
    };
  });
  return [
    `# How far judge processes are apart, ${date}\n`,
    `${host.gpus[0]?.model}, driver ${host.inventory.driver ?? 'none'}; ${repeats} judgements of each kernel in each of ${processes} judge processes, timed in pairs with the`,
    'baseline by the timing rules of a new installation. Standard deviations: within a process, and between processes beyond that.\n',
    ...simulatedNote(host),
    table(
      [
        'kernel',
        'case',
        'time, us',
        'candidate: within',
        'between',
        'baseline: within',
        'between',
        'speed-up: within',
        'between',
      ],
      rows.map(({ kernel, case: name, timeNs, candidate, baseline, speedup }) => [
        kernel,
        name,
        (timeNs / 1000).toFixed(2),
        ...[candidate, baseline, speedup].flatMap(({ within, between }) => [percent(within), percent(between)]),
      ]),
    ),
    '',
  ].join('\n');
};

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const varianceOf = (values: readonly number[]): number => {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, values.length - 1);
};
