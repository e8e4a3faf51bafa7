/** What became of public files: which were imported, and what their own programs and wrong ones came to, as Markdown. Pure. */
import { WHOLE } from '../../src/domain/text/describe.ts';
import { plainLine } from '../../src/platform/printable-text.ts';
import { type Faults, faultsOf, faultTable, isExpected, type Judged as JudgedItem, verdictOf, whyOf } from './faults.ts';
import { COLLECTIONS, type Collection, type ImportedFile, type ImportedItem } from './imported-work.ts';

export type JudgedImport = JudgedItem<ImportedItem>;

export interface ImportedFacts {
  readonly head: string;
  readonly files: readonly ImportedFile[];
  /** Problem -> why it does not load. */
  readonly unloaded: Readonly<Record<string, string>>;
  readonly judged: readonly JudgedImport[];
  readonly importSeconds: number;
  readonly judgeSeconds: number;
  /** What the daemon's /metrics says at the end. */
  readonly metrics: string;
  /** Files and processes that were there after the daemon had ended, and not before. */
  readonly leftBehind: readonly string[];
}

/** A baseline against itself may be so far from 1. */
const RATIO_OFF_MAX = 0.01;
const NOTE_CHARS_MAX = 160;

const isDone = ({ candidate }: JudgedImport): boolean => candidate.state.status === 'done';

/** Of a trace and of a compiler's log the end is what matters. */
const reasonOf = (one: JudgedImport): string => {
  const { state } = one.candidate;
  const outcome = state.status === 'done' ? state.outcome : null;
  return outcome?.verdict === 'compile_error' ? plainLine(outcome.log.slice(-WHOLE), WHOLE) : whyOf(one, WHOLE);
};

const PRINTED = ' it printed: ';
const lastWords = (reason: string): string => {
  const [words = ''] = reason.split(PRINTED);
  return words.length > NOTE_CHARS_MAX && words.includes('Traceback')
    ? `… ${words.slice(-NOTE_CHARS_MAX)}`
    : plainLine(words, NOTE_CHARS_MAX);
};

/** It says nothing of Kiln where its author had packages that this machine has not. */
const lacksPackage = (one: JudgedImport): boolean => /No module named/u.test(reasonOf(one));

export const importedReport = (facts: ImportedFacts): string => {
  const { head, files, judged, importSeconds, judgeSeconds } = facts;
  const done = judged.filter(isDone);
  const toExplain = done.filter((one) => !isExpected(one) && verdictOf(one) !== 'passed');
  return [
    head,
    countTable(facts),
    `Imported in ${importSeconds.toFixed(0)} s. ${done.length} of ${judged.length} candidates were judged in ${judgeSeconds.toFixed(0)} s, ${(done.length / Math.max(judgeSeconds, 1)).toFixed(2)} candidates/s; ${done.filter(isExpected).length} have the verdict they should have.\n`,
    faultTable(importFaults(facts)),
    '\n## Problems\n',
    ...COLLECTIONS.flatMap((collection) => problemTable(facts, collection)),
    '## Candidates\n',
    candidateTable(done),
    '\n## Why, where a verdict is another than expected\n',
    ...toExplain.map((one) => `### ${one.item.name}\n\n${verdictOf(one)}: ${reasonOf(one)}\n`),
    '## Why files became no problem\n',
    refusedTable(files),
    '',
    waitingLines(judged),
    '## Where the time went\n',
    timeLines(facts.metrics),
  ].join('\n');
};

/** Each line counts to nothing where importers, recorder and judge are sound. */
export const importFaults = ({
  judged,
  unloaded,
  leftBehind,
}: Pick<ImportedFacts, 'judged' | 'unloaded' | 'leftBehind'>): Faults => {
  const { 'ahead of the honest twin': _noTwins, ...faults } = faultsOf(judged.filter((one) => isDone(one) && !lacksPackage(one)));
  return {
    ...faults,
    'a baseline, and further from 1.00 than 0.01': judged.filter(isFarFromOne).map(({ item }) => item.name),
    'imported, and does not load': Object.keys(unloaded),
    'left behind on the host': leftBehind,
  };
};

const isFarFromOne = ({ item, candidate: { score } }: JudgedImport): boolean =>
  item.isBaseline && score !== null && Math.abs(score.speedup - 1) > RATIO_OFF_MAX;

const asExpected = (list: readonly JudgedImport[]): string => `${list.filter(isExpected).length} of ${list.length}`;

const countTable = ({ files, judged }: ImportedFacts): string => {
  const rows = COLLECTIONS.map((collection) => {
    const found = files.filter((one) => one.collection === collection);
    const of = judged.filter(({ item }) => item.collection === collection);
    const done = of.filter(isDone);
    const right = done.filter(({ item }) => item.expected.includes('passed'));
    const wrong = done.filter(({ item }) => !item.expected.includes('passed'));
    const near = done.filter((one) => one.item.isBaseline && one.candidate.score !== null && !isFarFromOne(one)).length;
    return `| ${collection} | ${found.length} | ${found.filter((one) => 'problem' in one).length} | ${of.length} | ${done.length} | ${asExpected(right)} | ${near} | ${asExpected(wrong)} |`;
  });
  return [
    '| collection | files | became problems | candidates | judged | right ones that passed | baselines within 0.01 of 1.00 | wrong ones that were refused |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
};

/** A row for each file that became a problem: what came of its own model or reference. */
const problemTable = ({ files, judged, unloaded }: ImportedFacts, collection: Collection): readonly string[] => {
  const own = new Map(judged.filter(({ item }) => item.isBaseline).map((one) => [one.item.problem, one]));
  const rows = files.flatMap((file) => {
    if (!('problem' in file) || file.collection !== collection) return [];
    const one = own.get(file.problem);
    const complaint = unloaded[file.problem];
    const verdict = one ? markedVerdict(one) : complaint === undefined ? 'not submitted' : 'does not load';
    const notes = [
      ...file.notes.slice(0, 1),
      ...(file.notes.length > 1 ? [`and ${file.notes.length - 1} more`] : []),
      ...(complaint === undefined ? [] : [complaint]),
      ...(one && isDone(one) && !isExpected(one) ? [lastWords(reasonOf(one))] : []),
    ];
    return `| ${file.label} | ${file.problem} | ${verdict} | ${one ? ratioOf(one) : ''} | ${one ? recordedOf(one) : ''} | ${cell(notes.join('; '))} |`;
  });
  if (rows.length === 0) return [];
  return [
    '| file | problem | its own model or reference | ratio to the baseline [95 %] | recorded | notes |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ];
};

const candidateTable = (done: readonly JudgedImport[]): string =>
  [
    '| candidate | expected | verdict | ratio to the baseline [95 %] | recorded |',
    '|---|---|---|---|---|',
    ...done
      .filter(({ item }) => !item.isBaseline)
      .map(
        (one) =>
          `| ${one.item.name} | ${one.item.expected.join(' or ')} | ${markedVerdict(one)} | ${ratioOf(one)} | ${recordedOf(one)} |`,
      ),
  ].join('\n');

const markedVerdict = (one: JudgedImport): string => {
  if (!isDone(one) || isExpected(one)) return verdictOf(one);
  return `${verdictOf(one)} ${lacksPackage(one) ? '(a package is missing)' : '**(unexpected)**'}`;
};

const ratioOf = ({ candidate: { score } }: JudgedImport): string =>
  score ? `${score.speedup.toFixed(3)} [${score.speedupLow.toFixed(3)}, ${score.speedupHigh.toFixed(3)}]` : '';

/** What was judged of it was a recording. */
const recordedOf = ({ candidate: { attempts, score } }: JudgedImport): string => {
  if (score?.recorded) return `yes, ${(score.recorded.libraryShare * 100).toFixed(0)} % in libraries`;
  return attempts.some(({ verdict }) => verdict !== null) ? 'yes' : 'no';
};

/** By reason, the commonest first. */
const refusedTable = (files: readonly ImportedFile[]): string => {
  const refused = files.flatMap((one) => ('refused' in one ? [one] : []));
  const byReason = Map.groupBy(refused, (one) => plainLine(one.refused, WHOLE).replaceAll(/\d+/gu, 'N'));
  const rows = [...byReason.values()]
    .toSorted((a, b) => b.length - a.length)
    .map((same) => `| ${same.length} | ${cell(same[0]?.refused ?? '')} | ${same.map(({ label }) => label).join(', ')} |`);
  return ['| files | why (of the first) | which |', '|---|---|---|', ...rows].join('\n');
};

const waitingLines = (judged: readonly JudgedImport[]): string => {
  const waiting = judged.filter((one) => !isDone(one));
  const byStatus = Map.groupBy(waiting, verdictOf);
  return [...byStatus]
    .map(([status, list]) => `Not judged in time, ${status}: ${list.length} (${list.map(({ item }) => item.name).join(', ')}).\n`)
    .join('');
};

const TIMES = /^kiln_(?:device_use_seconds|compiles_total|infra_failures_total|(?:stage|compile)_seconds_(?:sum|count))\{/u;

/** Of the metrics, what tells of stages, of builds and recordings together, and of what the device did. */
const timeLines = (metrics: string): string =>
  metrics
    .split('\n')
    .filter((line) => TIMES.test(line) && !line.endsWith(' 0'))
    .map((line) => `    ${line}`)
    .join('\n')
    .concat('\n');

const cell = (text: string): string => plainLine(text, WHOLE).replaceAll('|', '\\|');
