/** What must not be in a run: wrong ones that are ranked, honest ones that are not. Pure. */
import type { Candidate } from '../../src/domain/candidate.ts';
import { reasonText } from '../../src/domain/text/describe.ts';
import { plainLine } from '../../src/platform/printable-text.ts';
import type { WorkItem } from './work.ts';

const REASON_CHARS_MAX = 300;

export interface Judged<Item = Pick<WorkItem, 'name' | 'problem' | 'expected' | 'twin'>> {
  readonly item: Item;
  readonly candidate: Pick<Candidate, 'state' | 'attempts' | 'score'>;
}

export const verdictOf = ({ candidate: { state } }: Pick<Judged, 'candidate'>): string =>
  state.status === 'done' ? state.outcome.verdict : state.status;

export const isExpected = (judged: Judged): boolean => judged.item.expected.includes(verdictOf(judged));

const namesOf = (list: readonly Judged[]): readonly string[] => list.map(({ item }) => item.name);

export type Faults = Readonly<Record<string, readonly string[]>>;

/** Each line counts to nothing in a sound judge. */
export const faultsOf = (judged: readonly Judged[]): Faults => {
  const ranked = judged.filter((one) => verdictOf(one) === 'passed');
  return {
    'ranked though wrong': namesOf(ranked.filter((one) => !isExpected(one))),
    'ahead of the honest twin': namesOf(ranked.filter((one) => isAhead(judged, one))),
    'honest and rejected': namesOf(judged.filter((one) => one.item.expected.includes('passed') && !isExpected(one))),
    'blamed on the host': namesOf(judged.filter((one) => verdictOf(one) === 'infra_failed')),
    'another verdict than expected': namesOf(judged.filter((one) => !isExpected(one))),
  };
};

export const faultTable = (faults: Faults): string =>
  ['| what must not be | how many | which |', '|---|---|---|']
    .concat(Object.entries(faults).map(([what, names]) => `| ${what} | ${names.length} | ${names.join(', ')} |`))
    .join('\n');

export const twinOf = <One extends Judged>(judged: readonly One[], { item }: One): One | undefined =>
  judged.find((other) => other.item.name === item.twin && other.item.problem === item.problem);

/** By more than both intervals. */
export const isAhead = (judged: readonly Judged[], one: Judged): boolean => {
  const [own, twin] = [one.candidate.score, twinOf(judged, one)?.candidate.score];
  return own !== null && twin !== null && twin !== undefined && own.speedupLow > twin.speedupHigh;
};

/** Why it has its verdict, and why it was tried again, in one line. */
export const whyOf = ({ candidate }: Pick<Judged, 'candidate'>, charsMax = REASON_CHARS_MAX): string => {
  const why = candidate.state.status === 'done' ? reasonText(candidate.state.outcome, charsMax) : '';
  const infra = candidate.attempts.flatMap((attempt) => attempt.infra ?? []).join('; ');
  return plainLine(`${why} ${infra}`.trim(), charsMax);
};
