/**
 * What frames that hold many points would save: `node bench/sweeps/chunk-frames.ts`. Prints Markdown.
 *
 * The daemon's part of a point's four frames, as they are and as chunks would have them: what all points of a source share is said once, the rest in a list.
 * There are no such frames in the protocol (docs/adr/0023-what-a-point-costs.md).
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { encodeFrame, FrameDecoder } from '../../src/domain/frames.ts';
import { AttemptId } from '../../src/domain/ids.ts';
import { CompileResult, FromRunner, JudgeResult } from '../../src/domain/protocol.ts';
import { drawHidden } from '../../src/problems/hidden.ts';
import { loadProblem } from '../../src/problems/load-problems.ts';
import { resolvePlanAt } from '../../src/problems/resolve-unit.ts';
import { loadNow, machineLine } from '../machine.ts';
import { table } from '../markdown.ts';

const POINTS = 64;
const SIZES = [1, 4, 16, 64] as const;
const [WARM_UP, ROUNDS, REPEATS] = [100, 400, 5];

const HASH = 'a'.repeat(64);
const SOURCE = readFileSync(join(import.meta.dirname, '../dispatch/point.cu'), 'utf8');
const PROBLEM = loadProblem(join(import.meta.dirname, '../../kernels/vector_add'));

const points = Array.from({ length: POINTS }, (_, index) => {
  const id = `c-${index.toString(16).padStart(32, '0')}`;
  const item = drawHidden(PROBLEM.problem, randomInt);
  if (!item) throw new Error('vector_add has no bounds for hidden cases');
  const params = { BLOCK: 256, POINT: index };
  const plan = resolvePlanAt({ language: 'cuda', source: SOURCE, params }, item, PROBLEM);
  return {
    compileId: `${id}@1`,
    params,
    attemptId: `${id}.1`,
    waitedMs: index,
    hidden: { kind: 'case', case: PROBLEM.hiddenCase('gpu', item), plan },
  };
});

const UNIT = { language: 'cuda', source: SOURCE, architecture: 'sm_90a', kernels: [], numWarps: null, numStages: null };
const RACE = { speedup: 1.2, timeNs: 98_765.4, leastNs: { '4M': 12_345.6, '16M': 45_678.9, '64M': 178_901.2 } };
const TIMING = { method: 'cached', warmupRuns: 5, runsMin: 20, runsMax: 100, targetRelativeCi: 0.002, caseBudgetMs: 400 };
const SHARED = { deviceId: `GPU-${'0'.repeat(32)}`, problemKey: HASH, plansKey: HASH, record: null, limitMs: 20_000 };
const TASK = { ...SHARED, race: RACE, timing: { ...TIMING, baselineAgeMsMax: 60_000 } };

const side = { runs: 8, batch: 1, medianNs: 98_765.4, trimmedMeanNs: 98_770.1, minNs: 98_000.5, p95Ns: 99_500.2 };
const statistics = { ...side, ciLowNs: 98_700.3, ciHighNs: 98_800.7 };
const ratio = { speedup: 1.01, speedupLow: 1.009, speedupHigh: 1.011 };
const timing = { case: '4M', candidate: statistics, baseline: statistics, method: 'cached', ...ratio };
const { leastNs: _floors, ...needed } = RACE;
const stopped = { after: 'runs', case: '4M', speedupMost: 1.02, timeLeastNs: 98_000.5, needed };
const phases = { waitedMs: 1.5, idleGapMs: 0.2, loadMs: 0.4, checkMs: 5, measureMs: 4.25, lockMs: 0, totalMs: 10 };
const clocks = { smClockMhz: 1980, memoryClockMhz: 2619, powerW: 412.7, temperatureC: 51, throttleReasons: [] };
const resultOf = (attemptId: string) => ({
  attemptId,
  deviceId: SHARED.deviceId,
  outcome: { verdict: 'passed', timings: [timing], checkedCases: 5, stopped },
  infra: null,
  phases,
  telemetry: { deviceId: SHARED.deviceId, ...clocks },
});
const resources = { vector_add: { registers: 10, sharedBytes: 0, spillBytes: 0 } };
const compiled = {
  status: 'compiled',
  artifact: HASH,
  cached: false,
  durationMs: 87.5,
  log: '',
  compiler: 'NVRTC 13.0',
  resources,
};

type Some = readonly (typeof points)[number][];

const Chunk = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('compiled'),
    results: z.array(z.strictObject({ compileId: z.string(), result: CompileResult })),
  }),
  z.strictObject({
    type: z.literal('result'),
    results: z.array(z.strictObject({ result: JudgeResult, started: AttemptId.nullable() })),
  }),
]);

/** What is sent of some points, and the check of what comes back. */
interface Framing {
  readonly size: number;
  readonly compile: (some: Some) => Buffer;
  readonly judge: (some: Some) => Buffer;
  readonly answers: (some: Some) => readonly object[];
  readonly check: z.ZodType;
}

const single: Omit<Framing, 'size'> = {
  compile: ([point]) =>
    encodeFrame({ type: 'compile', compileId: point?.compileId, unit: { ...UNIT, params: point?.params }, limitMs: 20_000 }),
  judge: ([point]) => {
    const task = { ...TASK, attemptId: point?.attemptId, artifact: HASH, waitedMs: point?.waitedMs };
    return encodeFrame({ type: 'judge', task }, Buffer.from(JSON.stringify(point?.hidden)));
  },
  answers: (some) =>
    some.flatMap(({ compileId, attemptId }) => [
      { type: 'compiled', compileId, result: compiled },
      { type: 'result', result: resultOf(attemptId), started: attemptId },
    ]),
  check: FromRunner,
};

const chunked = (size: number): Framing => ({
  size,
  compile: (some) => {
    const each = some.map(({ compileId, params }) => ({ compileId, params }));
    return encodeFrame({ type: 'compile', unit: UNIT, points: each, limitMs: 20_000 });
  },
  judge: (some) => {
    const each = some.map(({ attemptId, waitedMs }) => ({ attemptId, artifact: HASH, waitedMs }));
    const hidden = some.map((point) => point.hidden);
    return encodeFrame({ type: 'judge', task: TASK, points: each }, Buffer.from(JSON.stringify(hidden)));
  },
  answers: (some) => [
    { type: 'compiled', results: some.map(({ compileId }) => ({ compileId, result: compiled })) },
    { type: 'result', results: some.map(({ attemptId }) => ({ result: resultOf(attemptId), started: attemptId })) },
  ],
  check: Chunk,
});

/** Microseconds of CPU a point: least of some repeats, since whoever else works here only adds to it. */
const measure = ({ size, compile, judge, answers, check }: Framing): { readonly said: number; readonly heard: number } => {
  const pieces = Array.from({ length: POINTS / size }, (_, at) => points.slice(at * size, (at + 1) * size));
  const heard = Buffer.concat(pieces.flatMap((some) => answers(some).map((frame) => encodeFrame(frame))));
  const decoder = new FrameDecoder();
  return {
    said: leastOf(() => pieces.reduce((bytes, some) => bytes + compile(some).length + judge(some).length, 0)),
    heard: leastOf(() => decoder.push(heard).every(({ header }) => check.safeParse(header).success)),
  };
};

const leastOf = (work: () => unknown): number => {
  for (let round = 0; round < WARM_UP; round += 1) if (work() === false) throw new Error('a frame does not parse');
  const times = Array.from({ length: REPEATS }, () => {
    const before = process.cpuUsage();
    for (let round = 0; round < ROUNDS; round += 1) work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / (ROUNDS * POINTS);
  });
  return Math.min(...times);
};

const loadBefore = loadNow();
const rows = [
  ['as they are', { size: 1, ...single }] as const,
  ...SIZES.slice(1).map((size) => [`${size} points in a frame`, chunked(size)] as const),
].map(([what, framing]) => {
  const { said, heard } = measure(framing);
  return [what, said.toFixed(2), heard.toFixed(2), (said + heard).toFixed(2)];
});
process.stdout.write(
  `${machineLine(loadBefore)}\n\n${table(['frames', 'to the host: CPU, us a point', 'from the host, with checks', 'both'], rows)}\n`,
);
