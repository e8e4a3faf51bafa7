/** The sections of the throughput run, one after the other, so that none disturbs another. */
import type { Sshd } from '../../../test/support/sshd.ts';
import { startDelayingProxy } from '../delaying-proxy.ts';
import { runBare, runProcessEach } from './bare.ts';
import { faultyStream } from './candidates.ts';
import type { RateCandidate } from './candidates.ts';
import { costOfFaultMs, faultsOf, figuresOf, usualTimesOf } from './figures.ts';
import { SIMULATED_MODEL } from './judge-child.ts';
import { runKiln } from './kiln-run.ts';
import type { KilnRun } from './kiln-run.ts';
import type { PreparedWork } from './prepared-work.ts';
import { FAILED } from './report.ts';
import type { Block, FaultRow, Row } from './report.ts';
import { pythonWithTorch, runSmoke } from './smoke.ts';

export const SECTIONS = ['a', 'b', 'c', 'd', 'e', 'f', 'ranked', 'faults'] as const;
export type Section = (typeof SECTIONS)[number];

const DELAY_ONE_WAY_MS = 40;
const PROCESS_SAMPLE = 40;
const SMOKE_SAMPLE = 5;
const FAULTS_CANDIDATES_MAX = 300;

export interface BlockOptions {
  readonly work: PreparedWork;
  readonly stream: readonly RateCandidate[];
  readonly sshd: Sshd;
  readonly gpus: number;
  readonly sections: ReadonlySet<Section>;
  readonly say: (text: string) => void;
}

const NAMED = {
  a: { key: 'a', name: 'bare resident judge in a loop, compiled before: the limit' },
  b: { key: 'b', name: 'Kiln, this machine' },
  c: { key: 'c', name: 'Kiln through sshd' },
  d: { key: 'd', name: `Kiln through sshd, ${2 * DELAY_ONE_WAY_MS} ms added to the round trip` },
  e: { key: 'e', name: 'one process a candidate' },
  f: { key: 'f', name: 'sequential loop of ssh python smoke_test.py with torch' },
  ranked: { key: '', name: 'as (c), would-be records confirmed in pairs' },
} as const;

const EMPTY: Omit<Row, 'key' | 'name'> = { figures: null, perSecond: null, daemonCpuSeconds: null, whole: null, notes: [] };

/** A section that fails says so in its row and does not cost the others theirs. */
export const measureBlock = async (options: BlockOptions): Promise<Block> => {
  const { sections, say, gpus } = options;
  const rows: Row[] = [];
  for (const { section, measure, ...named } of ROWS) {
    if (!sections.has(section)) continue;
    const row = await measure(options).catch((error: unknown) => ({ ...EMPTY, ...named, notes: [failed(error)] }));
    rows.push(row);
    say(
      `${gpus} GPU${gpus === 1 ? '' : 's'}, ${row.name}: ${(row.figures?.perSecond ?? row.perSecond)?.toFixed(1) ?? row.notes[0]}`,
    );
  }
  if (!sections.has('faults') || isSimulated(options)) return { gpus, rows, faults: null };
  return { gpus, rows, faults: await faults(options).catch((error: unknown) => ({ failed: failed(error) })) };
};

const failed = (error: unknown): string => `${FAILED} ${error instanceof Error ? error.message : String(error)}`;

const isSimulated = ({ work }: BlockOptions): boolean => work.devices.some(({ model }) => model === SIMULATED_MODEL);

const bare = async ({ work, gpus }: BlockOptions): Promise<Row> => ({
  ...EMPTY,
  ...NAMED.a,
  figures: figuresOf(await runBare(work, gpus)),
});

const local = async (options: BlockOptions): Promise<Row> => kilnRow(NAMED.b, await stream(options, 'local: {}'));

const ssh = async (options: BlockOptions): Promise<Row> => kilnRow(NAMED.c, await stream(options, throughSshd(options.sshd)));

const far = async (options: BlockOptions): Promise<Row> => {
  const proxy = await startDelayingProxy(options.sshd.port, DELAY_ONE_WAY_MS);
  try {
    const run = await stream(options, throughSshd(options.sshd, proxy.port));
    return kilnRow(NAMED.d, run);
  } finally {
    await proxy.stop();
  }
};

const processEach = async (options: BlockOptions): Promise<Row> => {
  const row = { ...EMPTY, ...NAMED.e };
  if (isSimulated(options)) return { ...row, notes: ['needs a GPU'] };
  const figures = figuresOf(await runProcessEach(options.work, { gpus: options.gpus, sample: PROCESS_SAMPLE }));
  const note = `a sample of ${PROCESS_SAMPLE} a GPU; the same judge, its process and context made ahead while others are judged`;
  return { ...row, figures, notes: [note] };
};

const smoke = async (options: BlockOptions): Promise<Row> => {
  const row = { ...EMPTY, ...NAMED.f };
  if (isSimulated(options)) return { ...row, notes: ['needs a GPU'] };
  const found = pythonWithTorch();
  if ('missing' in found) return { ...row, notes: [`skipped: ${found.missing}`] };
  const seconds = await runSmoke(options.work, { ...found, sshd: options.sshd, sample: SMOKE_SAMPLE });
  const perSecond = seconds.length / seconds.reduce((sum, one) => sum + one, 0);
  const note = `a sample of ${seconds.length} (${seconds.map((one) => one.toFixed(1)).join(', ')} s), one GPU; compiled before, baseline not timed`;
  return { ...row, perSecond, notes: [note] };
};

const ranked = async (options: BlockOptions): Promise<Row> => {
  const run = await stream(options, throughSshd(options.sshd), true);
  const row = kilnRow(NAMED.ranked, run);
  return { ...row, notes: [...row.notes, `${run.confirmations} confirmations among the judgements`] };
};

const ROWS: readonly {
  readonly section: Section;
  readonly key: string;
  readonly name: string;
  readonly measure: (options: BlockOptions) => Promise<Row>;
}[] = [
  { section: 'a', ...NAMED.a, measure: bare },
  { section: 'b', ...NAMED.b, measure: local },
  { section: 'c', ...NAMED.c, measure: ssh },
  { section: 'd', ...NAMED.d, measure: far },
  { section: 'e', ...NAMED.e, measure: processEach },
  { section: 'f', ...NAMED.f, measure: smoke },
  { section: 'ranked', ...NAMED.ranked, measure: ranked },
];

const throughSshd = (sshd: Sshd, port = sshd.port): string =>
  `ssh: {host: 127.0.0.1, port: ${port}, user: ${sshd.user}, key: ${sshd.keyPath}, hostKey: "${sshd.hostKeyLine}"}`;

const stream = async (options: BlockOptions, transport: string, isRanked = false): Promise<KilnRun> =>
  runKiln({ transport, gpus: options.gpus, stream: options.stream, isRanked, preludeFrom: options.stream.length });

const kilnRow = (named: Pick<Row, 'key' | 'name'>, run: KilnRun): Row => ({
  ...EMPTY,
  ...named,
  figures: figuresOf(run.judgements),
  daemonCpuSeconds: run.daemonCpuSeconds,
  whole: { candidates: run.candidates, seconds: run.wholeSeconds },
  notes: [
    ...(run.roundTripMs === null ? [] : [`round trip ${run.roundTripMs.toFixed(1)} ms`]),
    ...run.unexpected.map((text) => `UNEXPECTED ${text}`),
  ],
});

/** Two runs, since candidates of a sweep differ: what each usually takes is known from the bare judge. */
const faults = async (options: BlockOptions): Promise<FaultRow> => {
  const usual = usualTimesOf(await runBare(options.work, options.gpus));
  const run = await runKiln({
    transport: throughSshd(options.sshd),
    gpus: options.gpus,
    stream: faultyStream(Math.min(options.stream.length, FAULTS_CANDIDATES_MAX), 0),
    isRanked: false,
    preludeFrom: options.stream.length,
  });
  const costMs = costOfFaultMs(run.judgements, usual);
  return {
    figures: figuresOf(run.judgements),
    faults: faultsOf(run.judgements, usual),
    notes: [
      ...(costMs === null
        ? []
        : [
            `all in all each fault cost its GPU ${costMs.toFixed(1)} ms beyond the driver’s report, against a bare judge of the others`,
          ]),
      ...run.unexpected.map((text) => `UNEXPECTED ${text}`),
    ],
  };
};
