/** The table of a GPU run, as Markdown. Pure. */
import { floorsOf, workOf } from '../../src/problems/floors.ts';
import { peaksOf } from '../../src/domain/ranking/device-peaks.ts';
import type { FleetView } from '../../src/domain/api/fleet.ts';
import type { LoadedProblem } from '../../src/problems/load-problems.ts';
import { faultsOf, faultTable, isAhead, isExpected, type Judged as JudgedItem, twinOf, verdictOf, whyOf } from './faults.ts';
import type { WorkItem } from './work.ts';

type Judged = JudgedItem<WorkItem>;

export interface RunFacts {
  readonly date: string;
  readonly judged: readonly Judged[];
  readonly host: FleetView['hosts'][number];
  readonly problems: ReadonlyMap<string, LoadedProblem>;
  /** Matrix size -> operations/s by the vendor's library, or why it is not known. */
  readonly matmulCeiling: { readonly flopsPerSecond: Readonly<Record<string, number>> } | { readonly missing: string };
  readonly wallSeconds: number;
}

const fixed = (value: number, digits: number): string => value.toFixed(digits);
const timingsOf = ({ candidate }: Judged) =>
  candidate.state.status === 'done' && candidate.state.outcome.verdict === 'passed' ? candidate.state.outcome.timings : [];

export const report = (facts: RunFacts): string => {
  const wrong = facts.judged.filter((judged) => !isExpected(judged));
  return [
    heading(facts),
    '## Verdicts\n',
    `${facts.judged.length - wrong.length} of ${facts.judged.length} candidates have the verdict they should have.\n`,
    faultTable(faultsOf(facts.judged)),
    '',
    verdictTable(facts),
    '\n## Why, where a verdict is another than expected\n',
    reasons(wrong),
    '\n## Against honest twins\n',
    twinTable(facts),
    '\n## Null test: each baseline against itself\n',
    nullTable(facts),
    '\n## Against the card’s own ceilings\n',
    ceilings(facts),
    '\n## What a hung or crashing kernel costs\n',
    losses(facts),
  ].join('\n');
};

const reasons = (unexpected: readonly Judged[]): string =>
  unexpected.map((one) => `- ${one.item.name}: ${whyOf(one)}`).join('\n');

const twinTable = ({ judged }: RunFacts): string => {
  const rows = judged.flatMap((one) => {
    const twin = twinOf(judged, one);
    if (!twin) return [];
    const [own, honest] = [one.candidate.score, twin.candidate.score];
    const ratio = own && honest ? fixed(own.speedup / honest.speedup, 4) : '';
    return [
      `| ${one.item.name} | ${verdictOf(one)} | ${twin.item.name} | ${ratio} | ${isAhead(judged, one) ? '**ahead**' : ''} |`,
    ];
  });
  return ['| candidate | verdict | honest twin | speed-up / twin’s | |', '|---|---|---|---|---|', ...rows].join('\n');
};

const heading = ({ date, host, wallSeconds, judged }: RunFacts): string => {
  const device = host.devices.find(({ kind }) => kind === 'gpu');
  const { inventory } = host;
  return `# GPU run, ${date}

| what | value |
|---|---|
| GPU | ${device?.model}, ${device?.architecture}, ${device?.multiprocessors} SMs |
| driver | ${inventory?.driver} |
| compilers | ${inventory?.nvrtc ?? 'no NVRTC'}, ${inventory?.nvcc ?? 'no nvcc'} |
| reached by | ${host.transport} on loopback, round trip ${fixed(host.roundTripMs ?? 0, 2)} ms |
| candidates | ${judged.length} in ${fixed(wallSeconds, 1)} s |
`;
};

const verdictTable = ({ judged }: RunFacts): string => {
  const rows = judged
    .filter(({ item }) => item.kind !== 'baseline')
    .map((one) => {
      const { score } = one.candidate;
      const measured = score
        ? `${fixed(score.timeNs / 1000, 2)} µs | ${fixed(score.speedup, 3)} [${fixed(score.speedupLow, 3)}, ${fixed(score.speedupHigh, 3)}] | ${score.floorShare === null ? '' : `${fixed(score.floorShare * 100, 1)} %`}`
        : ' | | ';
      return `| ${one.item.problem} | ${one.item.name} | ${one.item.expected.join(' or ')} | ${verdictOf(one)}${isExpected(one) ? '' : ' **(unexpected)**'} | ${measured} |`;
    });
  return [
    '| problem | candidate | expected | verdict | time | speed-up [95 %] | of floor |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
};

const nullTable = ({ judged }: RunFacts): string => {
  const byProblem = Map.groupBy(
    judged.filter(({ item }) => item.kind === 'baseline'),
    ({ item }) => item.problem,
  );
  const rows = [...byProblem].map(([problem, list]) => {
    const speedups = list.flatMap(({ candidate }) => (candidate.score ? [candidate.score.speedup] : []));
    if (speedups.length === 0) return `| ${problem} | 0 | | | |`;
    const worst = Math.max(...speedups.map((speedup) => Math.abs(speedup - 1)));
    return `| ${problem} | ${speedups.length} | ${fixed(Math.min(...speedups), 4)} | ${fixed(Math.max(...speedups), 4)} | ${fixed(worst * 100, 2)} % |`;
  });
  return ['| problem | trials | lowest | highest | furthest from 1 |', '|---|---|---|---|---|', ...rows].join('\n');
};

const bestOf = (judged: readonly Judged[], problem: string): Judged | undefined =>
  judged
    .filter(({ item, candidate }) => item.kind === 'seed' && item.problem === problem && candidate.score)
    .toSorted((a, b) => (a.candidate.score?.timeNs ?? 0) - (b.candidate.score?.timeNs ?? 0))[0];

const ceilings = (facts: RunFacts): string => [matmulCeiling(facts), '', copyCeiling(facts)].join('\n');

const matmulCeiling = ({ judged, problems, matmulCeiling: ceiling }: RunFacts): string => {
  const best = bestOf(judged, 'matmul');
  const loaded = problems.get('matmul');
  if (!best || !loaded) return 'No matmul seed passed.';
  const top = 'missing' in ceiling ? null : Math.max(...Object.values(ceiling.flopsPerSecond));
  const rows = timingsOf(best).map((timing) => {
    const shape = loaded.problem.bench.gpu.find(({ name }) => name === timing.case)?.shape ?? {};
    const operations = 2 * (shape['m'] ?? 0) * (shape['n'] ?? 0) * (shape['k'] ?? 0);
    const rate = operations / (timing.candidate.medianNs * 1e-9);
    return `| ${timing.case} | ${fixed(timing.candidate.medianNs / 1000, 1)} µs | ${fixed(rate / 1e12, 0)} TFLOP/s | ${top ? `${fixed((rate / top) * 100, 1)} %` : ''} |`;
  });
  const said =
    'missing' in ceiling
      ? `Ceiling not measured: ${ceiling.missing}.`
      : `Ceiling (the vendor’s library through PyTorch, ${Object.entries(ceiling.flopsPerSecond)
          .map(([n, rate]) => `${n}³: ${fixed(rate / 1e12, 0)} TFLOP/s`)
          .join(', ')}).`;
  return [
    `Best matmul seed: ${best.item.name}. ${said}\n`,
    '| case | median | rate | of ceiling |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
};

const copyCeiling = ({ judged, problems, host }: RunFacts): string => {
  const best = bestOf(judged, 'vector_add');
  const loaded = problems.get('vector_add');
  const device = host.devices.find(({ kind }) => kind === 'gpu');
  if (!best || !loaded || !device) return 'No vector_add seed passed.';
  const copy = device.copyBytesPerSecond;
  const peaks = peaksOf(device);
  const rows = timingsOf(best).map((timing) => {
    const shape = loaded.problem.bench.gpu.find(({ name }) => name === timing.case)?.shape ?? {};
    const { readBytes, writeBytes } = workOf(loaded.problem, shape);
    const rate = (readBytes + writeBytes) / (timing.candidate.medianNs * 1e-9);
    const floor = floorsOf(loaded.problem, 'gpu', { peaks, copyBytesPerSecond: copy })[timing.case]?.floorNs ?? null;
    return `| ${timing.case} | ${fixed(timing.candidate.medianNs / 1000, 1)} µs | ${fixed(rate / 1e9, 0)} GB/s | ${copy ? `${fixed((rate / copy) * 100, 1)} %` : ''} | ${floor === null ? '' : `${fixed((floor / timing.candidate.medianNs) * 100, 1)} %`} |`;
  });
  return [
    `Best vector_add seed: ${best.item.name}. Ceiling: a large copy by the judge, ${copy ? fixed(copy / 1e9, 0) : '?'} GB/s read plus written.\n`,
    '| case | median | rate | of copy | of datasheet |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
};

const losses = ({ judged }: RunFacts): string => {
  const rows = judged.flatMap((one) => {
    const { state } = one.candidate;
    if (state.status !== 'done' || (state.outcome.verdict !== 'crashed' && state.outcome.verdict !== 'timed_out')) return [];
    const why = state.outcome.verdict === 'crashed' ? state.outcome.message.split('\n')[0] : `limit ${state.outcome.limitMs} ms`;
    const lost = state.outcome.lostMs === undefined ? 'not told' : `${fixed(state.outcome.lostMs, 1)} ms`;
    return [`| ${one.item.name} | ${state.outcome.verdict} | ${why} | ${lost} | ${nextVerdict(judged, one)} |`];
  });
  return ['| candidate | verdict | why | GPU lost | next candidate on the GPU |', '|---|---|---|---|---|', ...rows].join('\n');
};

/** By start time: who was judged next on that device, and what came of it. */
const nextVerdict = (judged: readonly Judged[], after: Judged): string => {
  const end = after.candidate.attempts.at(-1)?.finishedAt ?? '';
  const next = judged
    .filter((one) => (one.candidate.attempts[0]?.finishedAt ?? '') > end)
    .toSorted((a, b) => ((a.candidate.attempts[0]?.finishedAt ?? '') < (b.candidate.attempts[0]?.finishedAt ?? '') ? -1 : 1))[0];
  return next ? `${next.item.name}: ${verdictOf(next)}` : 'none';
};
