/**
 * How fast the daemon itself is: `node bench/dispatch/main.ts [--quick]`. Prints Markdown.
 *
 * A daemon as a child process, the real runner with simulated devices whose judgements take no time, the real protocol: what is left is
 * Kiln's own work. Beside it, in the same run and on the same Redis, a bare BullMQ worker that does nothing.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { loadNow, machineLine } from '../machine.ts';
import { table } from '../markdown.ts';
import { type Backend, startServers } from './backends.ts';
import { artifactMicroseconds } from './disk-cost.ts';
import { judgeAll, judgesParked } from './judged.ts';
import type { Judged } from './judged.ts';
import { startSimulated } from './simulated-kiln.ts';
import { submitLatency } from './submit-latency.ts';
import type { SubmitLatency } from './submit-latency.ts';
import type { Work } from './work.ts';

const REDIS_SHARE_MIN = 0.5;
const EMBEDDED_PER_SECOND_MIN = 300;
const REQUESTS_PER_SECOND = 1000;
/** No host has it: what is submitted for it waits, and the intake is all there is to do. */
const WAITING_CLASS = 'H100';

interface Sizes {
  readonly warmup: number;
  readonly candidates: number;
  readonly jobs: number;
  readonly seconds: number;
}
const FULL: Sizes = { warmup: 1000, candidates: 5000, jobs: 50_000, seconds: 3 };
const QUICK: Sizes = { warmup: 200, candidates: 2000, jobs: 10_000, seconds: 2 };

interface Row {
  readonly backend: string;
  readonly work: Work;
  readonly judged: Judged;
  /** Microseconds that its disk asks for an artifact's files. */
  readonly artifactUs: number;
}
interface Latency {
  readonly backend: string;
  readonly what: string;
  readonly latency: SubmitLatency;
}

const run = async (sizes: Sizes): Promise<void> => {
  const loadBefore = loadNow();
  const servers = await startServers();
  const { redis, backends } = servers;
  try {
    const bareBefore = redis ? await bareWorker(redis, sizes.jobs) : null;
    const rows: Row[] = [];
    const latencies: Latency[] = [];
    for (const backend of backends) {
      process.stderr.write(`${backend.name} …\n`);
      const measured = await measure(backend, sizes);
      rows.push(...measured.rows);
      latencies.push(...measured.latencies);
    }
    const bare = redis && bareBefore ? faster(bareBefore, await bareWorker(redis, sizes.jobs)) : null;
    say(
      [machineLine(loadBefore), '', dispatchTable(rows, bare), '', latencyTable(latencies), '', verdict(rows, bare)].join('\n'),
    );
  } finally {
    await servers.stop();
  }
};

const Bare = z.object({ addedPerSecond: z.number(), processedPerSecond: z.number() });
type Bare = z.infer<typeof Bare>;

const bareWorker = async (url: string, jobs: number): Promise<Bare> => {
  const program = join(import.meta.dirname, 'bare-worker.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, url, String(jobs)]);
  return Bare.parse(JSON.parse(stdout));
};

/** Before and after all else: what strangers took from the limit would make every share of it too good. */
const faster = (one: Bare, other: Bare): Bare => (one.processedPerSecond > other.processedPerSecond ? one : other);

const measure = async (
  backend: Backend,
  sizes: Sizes,
): Promise<{ readonly rows: readonly Row[]; readonly latencies: readonly Latency[] }> => {
  const target = await startSimulated(backend.settings);
  const { kiln, folder } = target;
  try {
    await judgeAll(target, { kind: 'sweep', first: 0, count: sizes.warmup });
    await judgesParked(target);
    const rows: Row[] = [];
    for (const work of ['sweep', 'trials'] as const) {
      const judged = await judgeAll(target, { kind: work, first: sizes.warmup, count: sizes.candidates });
      rows.push({ backend: backend.name, work, judged, artifactUs: artifactMicroseconds(folder) });
    }
    const first = sizes.warmup + sizes.candidates;
    const load = { url: kiln.url, first, perSecond: REQUESTS_PER_SECOND, seconds: sizes.seconds };
    const waiting = await submitLatency({ ...load, device: WAITING_CLASS });
    const judging = await submitLatency({ ...load, device: target.device });
    return {
      rows,
      latencies: [
        { backend: backend.name, what: 'nothing else to do', latency: waiting },
        { backend: backend.name, what: 'judging them meanwhile', latency: judging },
      ],
    };
  } finally {
    await target.end();
  }
};

const dispatchTable = (rows: readonly Row[], bare: Bare | null): string =>
  table(
    [
      'queue',
      'work',
      'candidates',
      'candidates/s',
      'of the bare worker',
      'submitted/s',
      'CPU ms a candidate: daemon / runner / judges',
      'whole machine: CPU ms a candidate, busy',
      'daemon peak MiB',
      'disk: us for the files of an artifact',
    ],
    [
      ...(bare
        ? [
            [
              'bare BullMQ worker',
              'no-op',
              '',
              bare.processedPerSecond.toFixed(0),
              '100 %',
              bare.addedPerSecond.toFixed(0),
              '',
              '',
              '',
            ],
          ]
        : []),
      ...rows.map(({ backend, work, judged, artifactUs }) => [
        backend,
        work,
        judged.candidates,
        judged.perSecond.toFixed(0),
        bare && backend !== 'embedded' ? `${((judged.perSecond / bare.processedPerSecond) * 100).toFixed(1)} %` : '',
        judged.submittedPerSecond.toFixed(0),
        `${judged.cpuMs.daemon.toFixed(2)} / ${judged.cpuMs.runner.toFixed(2)} / ${judged.cpuMs.judges.toFixed(2)}`,
        `${judged.machine.cpuMs.toFixed(2)}, ${(judged.machine.busy * 100).toFixed(0)} %`,
        judged.peakMiB.toFixed(0),
        artifactUs.toFixed(0),
      ]),
    ],
  );

const latencyTable = (latencies: readonly Latency[]): string =>
  table(
    ['queue', 'the daemon has', 'requests/s asked', 'achieved', 'p50 ms', 'p99 ms'],
    latencies.map(({ backend, what, latency }) => [
      backend,
      what,
      latency.asked,
      latency.achieved.toFixed(0),
      latency.p50Ms.toFixed(1),
      latency.p99Ms.toFixed(1),
    ]),
  );

const said = (isMet: boolean): string => (isMet ? 'met' : 'MISSED');

const verdict = (rows: readonly Row[], bare: Bare | null): string => {
  const best = (isIt: (backend: string) => boolean): number =>
    Math.max(0, ...rows.filter(({ backend }) => isIt(backend)).map(({ judged }) => judged.perSecond));
  const embedded = best((name) => name === 'embedded');
  const share = bare ? best((name) => name !== 'embedded') / bare.processedPerSecond : null;
  return [
    `Target: embedded at least ${EMBEDDED_PER_SECOND_MIN}/s: ${said(embedded >= EMBEDDED_PER_SECOND_MIN)}.`,
    share === null
      ? 'Redis was not measured: no redis-server on this machine.'
      : `Target: Redis at least ${REDIS_SHARE_MIN * 100} % of the bare worker: ${said(share >= REDIS_SHARE_MIN)}.`,
    'Sweep: every candidate is code of its own. Trials: one source again and again.',
  ].join('\n');
};

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
await run(values.quick ? QUICK : FULL);
