/** The sections of the throughput run, one after the other, so that none disturbs another. */
import type { Sshd } from '../../../test/integration/gpu/sshd.ts';
import { startDelayingProxy } from '../delaying-proxy.ts';
import { runBare, runProcessEach } from './bare.ts';
import { faultyStream } from './candidates.ts';
import type { Candidate } from './candidates.ts';
import { faultsOf, figuresOf, quantile } from './figures.ts';
import type { Figures } from './figures.ts';
import { SIMULATED_MODEL } from './judge-child.ts';
import { PRELUDE, runKiln } from './kiln-run.ts';
import type { KilnRun } from './kiln-run.ts';
import type { PreparedWork } from './prepared-work.ts';
import type { Block, FaultRow, Row } from './report.ts';
import { runSmoke, torchMissing } from './smoke.ts';

export const SECTIONS = ['a', 'b', 'c', 'd', 'e', 'f', 'ranked', 'faults'] as const;
export type Section = (typeof SECTIONS)[number];

const DELAY_ONE_WAY_MS = 40;
const PROCESS_SAMPLE = 40;
const SMOKE_SAMPLE = 5;
const FAULTS_CANDIDATES_MAX = 300;

export interface BlockOptions {
  readonly work: PreparedWork;
  readonly stream: readonly Candidate[];
  readonly sshd: Sshd;
  readonly gpus: number;
  readonly sections: ReadonlySet<Section>;
  readonly say: (text: string) => void;
}

const EMPTY: Omit<Row, 'key' | 'name'> = { figures: null, perSecond: null, daemonCpuSeconds: null, whole: null, notes: [] };

export const measureBlock = async (options: BlockOptions): Promise<Block> => {
  const { sections, say, gpus } = options;
  const rows: Row[] = [];
  for (const { section, measure } of ROWS) {
    if (!sections.has(section)) continue;
    const row = await measure(options);
    rows.push(row);
    say(
      `${gpus} GPU${gpus === 1 ? '' : 's'}, ${row.name}: ${(row.figures?.perSecond ?? row.perSecond)?.toFixed(1) ?? 'not run'}/s`,
    );
  }
  const usualMs = sections.has('faults') && !isSimulated(options) ? await usualMsOf(options) : null;
  return { gpus, rows, faults: usualMs === null ? null : await faults(options, usualMs) };
};

const isSimulated = ({ work }: BlockOptions): boolean => work.devices.some(({ model }) => model === SIMULATED_MODEL);

const bare = async ({ work, gpus }: BlockOptions): Promise<Row> => ({
  ...EMPTY,
  key: 'a',
  name: 'bare resident judge in a loop, compiled before: the limit',
  figures: figuresOf(await runBare(work, gpus)),
});

const local = async (options: BlockOptions): Promise<Row> =>
  kilnRow({ key: 'b', name: 'Kiln, this machine' }, await stream(options, 'local: {}'));

const ssh = async (options: BlockOptions): Promise<Row> =>
  kilnRow({ key: 'c', name: 'Kiln through sshd' }, await stream(options, throughSshd(options.sshd)));

const far = async (options: BlockOptions): Promise<Row> => {
  const proxy = await startDelayingProxy(options.sshd.port, DELAY_ONE_WAY_MS);
  try {
    const run = await stream(options, throughSshd(options.sshd, proxy.port));
    return kilnRow({ key: 'd', name: `Kiln through sshd, ${2 * DELAY_ONE_WAY_MS} ms added to the round trip` }, run);
  } finally {
    await proxy.stop();
  }
};

const processEach = async (options: BlockOptions): Promise<Row> => {
  const row = { ...EMPTY, key: 'e', name: 'one process a candidate' };
  if (isSimulated(options)) return { ...row, notes: ['needs a GPU'] };
  const figures = figuresOf(await runProcessEach(options.work, { gpus: options.gpus, sample: PROCESS_SAMPLE }));
  const note = `a sample of ${PROCESS_SAMPLE} a GPU; the same judge, its process and context made ahead while others are judged`;
  return { ...row, figures, notes: [note] };
};

const smoke = async (options: BlockOptions): Promise<Row> => {
  const row = { ...EMPTY, key: 'f', name: 'sequential loop of ssh python smoke_test.py with torch' };
  if (isSimulated(options)) return { ...row, notes: ['needs a GPU'] };
  const missing = torchMissing();
  if (missing) return { ...row, notes: [`skipped: ${missing}`] };
  const seconds = await runSmoke(options.work, options.sshd, SMOKE_SAMPLE);
  const perSecond = seconds.length / seconds.reduce((sum, one) => sum + one, 0);
  const note = `a sample of ${seconds.length} (${seconds.map((one) => one.toFixed(1)).join(', ')} s), one GPU; compiled before, baseline not timed`;
  return { ...row, perSecond, notes: [note] };
};

const ranked = async (options: BlockOptions): Promise<Row> => {
  const run = await stream(options, throughSshd(options.sshd), true);
  const row = kilnRow({ key: '', name: 'as (c), would-be records confirmed in pairs' }, run);
  return { ...row, notes: [...row.notes, `${run.confirmations} confirmations among the judgements`] };
};

const ROWS: readonly { readonly section: Section; readonly measure: (options: BlockOptions) => Promise<Row> }[] = [
  { section: 'a', measure: bare },
  { section: 'b', measure: local },
  { section: 'c', measure: ssh },
  { section: 'd', measure: far },
  { section: 'e', measure: processEach },
  { section: 'f', measure: smoke },
  { section: 'ranked', measure: ranked },
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

/** A judgement of the stream by a warm judge. */
const usualMsOf = async ({ work, gpus }: BlockOptions): Promise<number> => {
  const passed = (await runBare(work, gpus)).filter(({ verdict }) => verdict === 'passed');
  return quantile(
    passed.map(({ totalMs }) => totalMs),
    0.5,
  );
};

const faults = async (options: BlockOptions, usualMs: number): Promise<FaultRow> => {
  const count = Math.min(options.stream.length, FAULTS_CANDIDATES_MAX);
  const run = await runKiln({
    transport: throughSshd(options.sshd),
    gpus: options.gpus,
    stream: faultyStream(count, 0),
    isRanked: false,
    preludeFrom: options.stream.length + PRELUDE * options.gpus,
  });
  const figures: Figures = figuresOf(run.judgements);
  const found = faultsOf(run.judgements, usualMs);
  const good = run.judgements.length - found.length;
  const reportMs = found.reduce((sum, fault) => sum + fault.reportMs, 0);
  const beyondMs =
    (figures.seconds * 1000 * options.gpus - (good * usualMs + reportMs) * (figures.judged / run.judgements.length)) /
    found.length;
  return {
    figures,
    faults: found,
    notes: [
      `all in all each fault cost its GPU ${beyondMs.toFixed(1)} ms beyond the driver’s report (steady part, less a usual ${usualMs.toFixed(1)} ms for every other candidate)`,
      ...run.unexpected.map((text) => `UNEXPECTED ${text}`),
    ],
  };
};
