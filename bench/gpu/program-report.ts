/** The table of a run of programs, as Markdown. Pure. */
import type { Candidate } from '../../src/domain/candidate.ts';
import { WHOLE } from '../../src/domain/text/describe.ts';
import { type Faults, faultsOf, faultTable, isExpected, type Judged as JudgedItem, twinOf, verdictOf, whyOf } from './faults.ts';
import type { ProgramItem } from './program-work.ts';

export interface JudgedProgram extends JudgedItem<ProgramItem> {
  /** The same kernel without host code. */
  readonly beside: Candidate | null;
}

export interface ProgramFacts {
  readonly head: string;
  readonly judged: readonly JudgedProgram[];
  readonly seconds: number;
  /** Files and processes that were there after the daemons had ended, and not before. */
  readonly leftBehind: readonly string[];
}

/** A program that got at what is not its own says so by this word, wherever its words end up. */
const BREACH = 'BREACH';

export const programReport = (facts: ProgramFacts): string => {
  const { head, judged, seconds } = facts;
  if (judged.length === 0) return head;
  const unexpected = judged.filter((one) => !isExpected(one));
  const recorded = judged.filter(wasRecorded).length;
  return [
    head,
    `${judged.length - unexpected.length} of ${judged.length} programs have the verdict they should have; ${recorded} were recorded.`,
    `${seconds.toFixed(0)} s, ${(judged.length / seconds).toFixed(2)} programs/s.\n`,
    faultTable(programFaults(facts)),
    '',
    tableOf(judged),
    '## Why, where a verdict is another than expected\n',
    ...unexpected.map((one) => `### ${one.item.name}\n\n${verdictOf(one)}: ${whyOf(one, WHOLE)}\n`),
  ].join('\n');
};

export const programFaults = ({ judged, leftBehind }: Pick<ProgramFacts, 'judged' | 'leftBehind'>): Faults => ({
  ...faultsOf(judged),
  'got at what is not its own': judged.filter((one) => whyOf(one, WHOLE).includes(BREACH)).map(({ item }) => item.name),
  'not judged in time': judged.filter(({ candidate }) => candidate.state.status !== 'done').map(({ item }) => item.name),
  'left behind on the host': leftBehind,
  'another verdict than by the native reference': judged.filter(isDisputed).map(({ item }) => item.name),
});

/** The same candidate, judged by PyTorch and by the native reference. */
const isDisputed = ({ item, candidate, beside }: JudgedProgram): boolean =>
  item.kind === 'references' && beside !== null && verdictOf({ candidate }) !== verdictOf({ candidate: beside });

/** What was recorded has been judged. */
const wasRecorded = ({ candidate }: JudgedProgram): boolean => candidate.attempts.some(({ verdict }) => verdict !== null);

const tableOf = (judged: readonly JudgedProgram[]): string =>
  [
    '| program | expected | verdict | speed-up, of the honest twin | case: time, of the device twin (ratio) |',
    '|---|---|---|---|---|',
    ...judged.map(
      (one) =>
        `| ${one.item.name} | ${one.item.expected.join(' or ')} | ${verdictOf(one)}${isExpected(one) ? '' : ' **(unexpected)**'} | ${speedups(judged, one)} | ${timesOf(one)} |`,
    ),
    '',
  ].join('\n');

const speedups = (judged: readonly JudgedProgram[], one: JudgedProgram): string =>
  [one.candidate.score, twinOf(judged, one)?.candidate.score]
    .flatMap((score) => (score ? [score.speedup.toFixed(3)] : []))
    .join(', ');

const mediansOf = (candidate: Pick<Candidate, 'state'> | null): ReadonlyMap<string, number> =>
  candidate?.state.status === 'done' && candidate.state.outcome.verdict === 'passed'
    ? new Map(candidate.state.outcome.timings.map(({ case: name, candidate: { medianNs } }) => [name, medianNs]))
    : new Map();

const timesOf = ({ candidate, beside }: JudgedProgram): string => {
  const twins = mediansOf(beside);
  return [...mediansOf(candidate)]
    .map(([name, ns]) => {
      const twin = twins.get(name);
      return `${name}: ${us(ns)}${twin === undefined ? '' : `, ${us(twin)} (${(ns / twin).toFixed(3)})`}`;
    })
    .join('; ');
};

const us = (ns: number): string => `${(ns / 1000).toFixed(2)} us`;
