/** What happened to a candidate, in one line. */
import type { FinishedAttempt } from '../attempt.ts';
import type { JudgedAgain, Quarantine } from '../canary.ts';
import type { Candidate, CandidateState } from '../candidate.ts';
import type { Mismatch, Outcome } from '../outcome.ts';
import type { Score } from '../ranking/ranking.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { interval, milliseconds, nanoseconds, percent, times } from './units.ts';

/** "passed", "judging on box", "queued" */
export const statusText = (state: CandidateState): string => {
  switch (state.status) {
    case 'done':
      return state.outcome.verdict;
    case 'queued':
      return 'queued';
    case 'compiling':
    case 'ready':
    case 'judging':
    case 'confirming':
      return `${state.status} on ${state.hostId}`;
  }
};

/** "1.53x [1.51, 1.55]  73.0 µs  84 % of the floor" (its time: timeText); of what was stopped early "about 0.52x, at most 0.61x (stopped early)" */
export const scoreText = (score: Score): string => {
  if (score.stopped) return `about ${times(score.speedup)}, at most ${times(score.stopped.speedupMost)} (stopped early)`;
  const floor = score.floorShare === null ? '' : `  ${percent(score.floorShare)} of the floor`;
  return `${times(score.speedup)} ${interval(score.speedupLow, score.speedupHigh)}  ${timeText(score)}${floor}`;
};

/** "73.0 µs"; of a program that was judged by its answers "time to answers 300 µs ± 8.40 µs, released" */
export const timeText = ({ timeNs, answers }: Pick<Score, 'timeNs' | 'answers'>): string =>
  answers ? `time to answers ${shortTimeText({ timeNs, answers })}, ${semanticsText(answers)}` : nanoseconds(timeNs);

interface BoundedTime {
  readonly timeNs: number;
  readonly answers?: { readonly uncertaintyNs: number } | undefined;
}

/** For a column: "73.0 µs", "300 µs ± 8.40 µs" */
export const shortTimeText = ({ timeNs, answers }: BoundedTime): string =>
  answers ? `${nanoseconds(timeNs)} ± ${nanoseconds(answers.uncertaintyNs)}` : nanoseconds(timeNs);

/** "released", "call; too short to be ranked" */
export const semanticsText = ({ semantics, tooShort }: NonNullable<Score['answers']>): string =>
  tooShort ? `${semantics}; too short to be ranked` : semantics;

/** The same for lists in the order of the ranking: says what a candidate ranks as where that is not its own speed-up. */
export const rankedScoreText = (score: Score): string => {
  const place = times(score.rankKey);
  return `${scoreText(score)}${place === times(score.speedup) ? '' : `  ranks as ${place}`}`;
};

/** Where the numbers of a score come from: "confirmed, 12 judgements", "paired, recorded (75 % in libraries)", "paired, by answers (released)", "cached", "stopped early". */
export const basisText = ({ confirmed, method, judgements, stopped, recorded, answers }: Score): string => {
  if (stopped) return 'stopped early';
  const mark = answers
    ? `, by answers (${semanticsText(answers)})`
    : recorded
      ? `, recorded (${percent(recorded.libraryShare)} in libraries)`
      : '';
  if (!confirmed) return `${method}${mark}`;
  return `${judgements > 1 ? `confirmed, ${judgements} judgements` : 'confirmed'}${mark}`;
};

/** By what it was stopped, and what it would have had to reach; null where it was timed to the end. */
export const stoppedText = ({ stopped }: Score): string | null => {
  if (!stopped) return null;
  const { after, case: name, speedupMost, timeLeastNs, needed } = stopped;
  const reach = `it can come to ${times(speedupMost)} or ${nanoseconds(timeLeastNs)} at best, the front of the ranking begins at ${times(needed.speedup)} or ${nanoseconds(needed.timeNs)}`;
  return `after ${STOPPED_AFTER_TEXT[after]} of case ${name}: ${reach}; submitted again with effort full, it is timed to the end`;
};

const STOPPED_AFTER_TEXT = {
  'warm-up': 'the warm-up',
  runs: 'some timed runs',
  case: 'all timed runs',
} as const;

/** How its pair with the record holder of its time came out; null where there was none. */
export const pairText = ({ pair }: Score): string | null =>
  pair && `${PAIR_WORDS[pair.result]} ${pair.against}: ${times(pair.ratio)} as fast ${interval(pair.ratioLow, pair.ratioHigh)}`;

const PAIR_WORDS = { won: 'won against', tied: 'cannot be told from', lost: 'lost to' } as const;

/** "screen"; of a program "screen, by its recording", "confirm, by its answers" */
export const modeText = ({ mode, judgedBy }: Pick<FinishedAttempt, 'mode' | 'judgedBy'>): string =>
  judgedBy === undefined ? mode : `${mode}, by its ${judgedBy}`;

/** Why a verdict was taken back. */
export const judgedAgainText = ({ hostId, deviceId, at, reason, verdict, speedup }: JudgedAgain): string =>
  `${whoFailed(hostId, deviceId)} at ${at} (${plainLine(reason)}); before that it was ${verdict}${speedup === null ? '' : ` ${times(speedup)}`}`;

const whoFailed = (hostId: JudgedAgain['hostId'], deviceId: JudgedAgain['deviceId']): string => {
  if (hostId === null) return 'an operator asked';
  return `${deviceId === null ? 'compile host' : 'host'} ${hostId} failed its check`;
};

/** Why a compile host compiles nothing for others. */
export const compilerQuarantineText = ({ reason, since, retryAt }: Quarantine): string =>
  `compiles nothing for others since ${since}: a known-good candidate that it compiled failed (${reason})${retryAt === null ? '' : `; next try at ${retryAt}`}`;

/** For who has room for all of a message. */
export const WHOLE = 4000;
const SHORT = 200;

/** The result of a candidate that is done, or where it is; its reason in at most `charsMax` characters. */
export const summaryText = (candidate: Candidate, charsMax: number = SHORT): string => {
  if (candidate.state.status !== 'done') return statusText(candidate.state);
  const { outcome } = candidate.state;
  if (outcome.verdict === 'passed') return candidate.score ? `passed  ${scoreText(candidate.score)}` : 'passed';
  const reason = reasonText(outcome, charsMax);
  return reason === '' ? outcome.verdict : `${outcome.verdict}  ${reason}`;
};

/** Why it did not pass; empty where there is nothing to add. */
export const reasonText = (outcome: Outcome, charsMax: number = SHORT): string => plainLine(wholeReason(outcome), charsMax);

const wholeReason = (outcome: Outcome): string => {
  switch (outcome.verdict) {
    case 'passed':
    case 'cancelled':
      return '';
    case 'compile_error':
      return firstError(outcome.log);
    case 'plan_error':
      return `${outcome.field}: ${outcome.message}`;
    case 'wrong_answer':
      return wrongAnswerText(outcome);
    case 'modified_input':
      return `case ${outcome.case}: wrote to its input ${outcome.tensor}`;
    case 'out_of_bounds':
      return `case ${outcome.case}: ${outcome.access === 'read' ? 'read' : 'wrote'} outside ${outcome.tensor}, ${placeText(outcome)}`;
    case 'crashed':
      return `case ${outcome.case}: ${outcome.message}`;
    case 'timed_out':
      return `case ${outcome.case}: no end of ${outcome.stage} in ${milliseconds(outcome.limitMs)}`;
    case 'implausible':
      return `case ${outcome.case}: ${nanoseconds(outcome.medianNs)}, the physical floor is ${nanoseconds(outcome.floorNs)}`;
    case 'contract':
      return outcome.case === '' ? outcome.message : `case ${outcome.case}: ${outcome.message}`;
    case 'infra_failed':
      return outcome.message;
  }
};

const wrongAnswerText = ({ case: name, mismatch, stage, inputs }: Extract<Outcome, { verdict: 'wrong_answer' }>): string => {
  const like = inputs === undefined ? '' : ` with the inputs of ${inputs}`;
  const when = `${like}${stage === 'timed_run' ? ', in a timed run' : ''}`;
  const whole = wholeText(mismatch);
  if (whole !== undefined) return `case ${name}${when}: ${whole}`;
  const where = `case ${name}${when}: ${mismatch.tensor}[${mismatch.index}] is ${mismatch.actual}, not ${mismatch.expected}`;
  return `${where} (${missedRule(mismatch)}${unwrittenHint(mismatch)})`;
};

/** What is wrong with outputs as a whole, where the problem checks them by itself; undefined where an element is wrong. */
export const wholeText = ({ rule, tensor, error, mismatches, elements }: Mismatch): string | undefined => {
  if (rule === 'check') return `the problem's own check says that ${error} does not hold (${mismatches} of ${elements} rules)`;
  return rule === 'finite' ? `${tensor} holds NaN or an infinity, and results of this problem are finite` : undefined;
};

/** Which rule of the tolerance was missed, by how much, and how many elements miss theirs. */
export const missedRule = ({ rule, expected, error, limit, mismatches, elements }: Mismatch): string => {
  const count = `${mismatches} of ${elements} elements`;
  if (rule === undefined) return count;
  if (rule === 'index') return `${error}: ${limit}; ${count}`;
  if (rule === 'repeat')
    return `called again on the same inputs it returns ${expected}, which is ${error} off, and the tolerance allows ${limit}; ${count}`;
  if (rule === 'element') return `off by ${error}, atol + rtol * |ref| allows ${limit}; ${count}`;
  return `||out - ref|| is ${error}, relative_l2 * ||ref|| + atol * sqrt(elements) allows ${limit}; no element misses its own tolerance, this one is worst`;
};

/** Empty where the value was written. */
export const unwrittenHint = ({ actual, expected }: Mismatch): string =>
  actual === 'nan' && expected !== 'nan' ? UNWRITTEN : '';

/** What a launch leaves out keeps the NaN that outputs are filled with before it. */
const UNWRITTEN = '; nan is what stands there until it is written: was it, and does the plan pass every argument in order?';

const placeText = ({ side, distanceBytes }: Extract<Outcome, { verdict: 'out_of_bounds' }>): string => {
  if (distanceBytes === 0) return side === 'after' ? 'right after its end' : 'right before its start';
  return `${distanceBytes} bytes ${side === 'after' ? 'after its end' : 'before its start'}`;
};

/** Compilers print notes and warnings too: the first line with an error says most. */
const firstError = (log: string): string => {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /\berror\b/i.test(line)) ?? lines[0] ?? 'no message from the compiler';
};
