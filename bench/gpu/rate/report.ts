/** The throughput run as Markdown. Pure. */
import type { Device } from '../../../src/domain/device.ts';
import type { Inventory } from '../../../src/domain/protocol.ts';
import type { Fault, Figures } from './figures.ts';
import { quantile } from './figures.ts';
import { RUNS } from './timing.ts';

/** Begins a note of a section that did not come to its end. */
export const FAILED = 'FAILED:';

export interface Row {
  /** "a" to "f". */
  readonly key: string;
  readonly name: string;
  /** Null where the section was not run: `note` says why. */
  readonly figures: Figures | null;
  /** Without figures of single judgements: only how many a second. */
  readonly perSecond: number | null;
  readonly daemonCpuSeconds: number | null;
  readonly whole: { readonly candidates: number; readonly seconds: number } | null;
  readonly notes: readonly string[];
}

export interface FaultRow {
  readonly figures: Figures;
  readonly faults: readonly Fault[];
  readonly notes: readonly string[];
}

export interface Block {
  readonly gpus: number;
  readonly rows: readonly Row[];
  readonly faults: FaultRow | { readonly failed: string } | null;
}

export interface ThroughputFacts {
  readonly date: string;
  readonly inventory: Inventory;
  readonly devices: readonly Device[];
  readonly candidates: number;
  readonly compiling: { readonly count: number; readonly seconds: number; readonly slots: number };
  readonly blocks: readonly Block[];
}

const fixed = (value: number, digits: number): string => value.toFixed(digits);
const percent = (share: number): string => `${fixed(share * 100, 1)} %`;
const rateOf = (row: Row | undefined): number | null => row?.figures?.perSecond ?? row?.perSecond ?? null;

/** Whether every section came to its end. */
export const isComplete = ({ blocks }: ThroughputFacts): boolean =>
  blocks.every(
    ({ rows, faults }) =>
      !(faults && 'failed' in faults) && rows.every(({ notes: said }) => said.every((note) => !note.startsWith(FAILED))),
  );

export const throughputReport = (facts: ThroughputFacts): string =>
  [heading(facts), ...facts.blocks.map(blockOf), scaling(facts)].filter((part) => part !== '').join('\n');

const heading = ({ date, inventory, devices, candidates, compiling }: ThroughputFacts): string => {
  const [device] = devices;
  return `# Throughput, ${date}

| what | value |
|---|---|
| devices | ${devices.length} x ${device?.model}, ${device?.architecture} |
| driver, compiler | ${inventory.driver ?? 'none'}, ${inventory.nvrtc ?? 'none'} |
| cores | ${inventory.cores} |
| stream | ${candidates} candidates of vector_add (4M, 8M, 16M floats), ${RUNS} timed runs a case; 6 % are bad: wrong answers, compile errors, plan errors |
| compiling all of them once | ${fixed(compiling.seconds, 1)} s with ${compiling.slots} workers, ${fixed(compiling.count / compiling.seconds, 0)}/s |

Rates count the candidates that reach a judge, over the steady part of a stream: after its first judgements, until the first GPU has no more.
measuring, checking, loading: shares of the GPU’s time, as its judge told; other: the lock and reports; idle: between two judgements. gap: idle
though the next candidate was compiled and waiting.
`;
};

const blockOf = (block: Block): string => {
  const limit = rateOf(block.rows.find(({ key }) => key === 'a'));
  return [
    `## ${block.gpus} GPU${block.gpus === 1 ? '' : 's'}\n`,
    '| | path | candidates/s | of (a) | measuring | checking | loading | other | idle | gap p50 | gap p99 | daemon CPU | whole stream |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...block.rows.map((row) => line(row, limit)),
    '',
    ...notes(block),
    ratios(block),
    block.faults ? faultSection(block.faults) : '',
  ].join('\n');
};

const line = (row: Row, limit: number | null): string => {
  const { figures, daemonCpuSeconds, whole } = row;
  const rate = rateOf(row);
  const cells = [
    row.key === '' ? '' : `(${row.key})`,
    row.name,
    rate === null ? 'not run' : fixed(rate, rate < 10 ? 2 : 1),
    rate === null || limit === null ? '' : percent(rate / limit),
    ...(figures
      ? [figures.measuring, figures.checking, figures.loading, figures.other, figures.idle].map(percent)
      : ['', '', '', '', '']),
    ...(figures?.idleGapMs ? [figures.idleGapMs.p50, figures.idleGapMs.p99].map((ms) => `${fixed(ms, 2)} ms`) : ['', '']),
    daemonCpuSeconds === null ? '' : `${fixed(daemonCpuSeconds, 1)} s`,
    whole === null ? '' : `${whole.candidates} in ${fixed(whole.seconds, 1)} s`,
  ];
  return `| ${cells.join(' | ')} |`;
};

const notes = ({ rows }: Block): readonly string[] => {
  const said = rows.flatMap((row) => row.notes.map((note) => `- ${row.key === '' ? row.name : `(${row.key})`}: ${note}`));
  return said.length === 0 ? [] : [...said, ''];
};

const ratios = ({ rows }: Block): string => {
  const rate = (key: string): number | null => rateOf(rows.find((row) => row.key === key));
  const ratio = (one: string, other: string): string => {
    const [top, bottom] = [rate(one), rate(other)];
    return top === null || bottom === null ? 'not run' : fixed(top / bottom, top / bottom >= 10 ? 0 : 3);
  };
  return `Ratios: (c)/(a) ${ratio('c', 'a')}, (d)/(c) ${ratio('d', 'c')}, (c)/(e) ${ratio('c', 'e')}, (c)/(f) ${ratio('c', 'f')}.\n`;
};

const faultSection = (row: Exclude<Block['faults'], null>): string => {
  if ('failed' in row) return `${row.failed}\n`;
  const { figures, faults, notes: said } = row;
  const column = (name: string, pick: (fault: Fault) => number | null): string => {
    const values = faults.map(pick).filter((value) => value !== null);
    const shown = [0.5, 0.9, 1].map((at) => (values.length === 0 ? '' : `${fixed(quantile(values, at), 1)} ms`));
    return `| ${name} | ${shown.join(' | ')} |`;
  };
  return [
    '### Every tenth candidate kills the context, path (c)\n',
    `${fixed(figures.perSecond, 1)} candidates/s with ${faults.length} faults; measuring ${percent(figures.measuring)}, idle ${percent(figures.idle)} (recovery is in it).\n`,
    '| of a fault | p50 | p90 | worst |',
    '|---|---|---|---|',
    column('from the start of the judgement to the driver’s report', ({ reportMs }) => reportMs),
    column('from the report to the next candidate’s start', ({ lostMs }) => lostMs),
    column('what the next candidate takes longer in the new judge', ({ rewarmMs }) => rewarmMs),
    '',
    ...said.map((note) => `- ${note}`),
    '',
  ].join('\n');
};

const scaledRow = ({ rows }: Block): Row | undefined => rows.find(({ key }) => key === 'c') ?? rows.at(-1);

/** Only where several numbers of GPUs were measured. */
const scaling = ({ blocks }: ThroughputFacts): string => {
  const [first] = blocks;
  if (!first || blocks.length < 2) return '';
  const base = rateOf(scaledRow(first));
  const lines = blocks.map((block) => {
    const row = scaledRow(block);
    const rate = rateOf(row);
    const times = rate === null || base === null ? '' : fixed(rate / base, 2);
    return `| ${block.gpus} | ${row?.name ?? ''} | ${rate === null ? 'not run' : fixed(rate, 1)} | ${times} | ${row?.figures ? percent(row.figures.measuring) : ''} |`;
  });
  return [
    '## More GPUs\n',
    '| GPUs | path | candidates/s | times the first | measuring |',
    '|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n');
};
