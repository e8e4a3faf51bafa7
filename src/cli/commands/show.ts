import { type Command, Option } from 'commander';
import type { CaseTiming } from '../../domain/measurement.ts';
import type { FinishedAttempt } from '../../domain/attempt.ts';
import type { Candidate } from '../../domain/candidate.ts';
import { tracesText } from '../../importers/flashinfer/traces.ts';
import { popcornText } from '../../importers/gpumode/popcorn.ts';
import type { KilnClient } from '../../client/create-client.ts';
import type { LibraryTime } from '../../domain/library.ts';
import { comparedScore } from '../../domain/ranking/compared-score.ts';
import { libraryOn, librarySource } from '../../domain/text/library-text.ts';
import { contextOf, print, printJson } from '../context.ts';
import { libraryTimes } from '../library-times.ts';
import { KilnError } from '../../domain/errors.ts';
import { campaignText } from '../output/campaign-text.ts';
import { sweepText } from '../output/sweep-text.ts';
import { blockedReason } from '../why-waiting.ts';
import {
  basisText,
  judgedAgainText,
  modeText,
  pairText,
  reasonText,
  scoreText,
  shortTimeText,
  statusText,
  stoppedText,
  WHOLE,
} from '../../domain/text/describe.ts';
import { plainLine, plainText } from '../../platform/printable-text.ts';
import { fields, table } from '../output/table.ts';
import { paramsText } from '../../domain/text/params-text.ts';
import { bytes, interval, milliseconds, nanoseconds, percent, times } from '../../domain/text/units.ts';
import { attemptNumber } from '../../domain/ids.ts';

const LOG_LINES_MAX = 40;

export const addShow = (program: Command): void => {
  program
    .command('show')
    .description('a candidate (state, verdict, times per case, compile log), a sweep or a campaign')
    .argument('<id>')
    .option('--source', 'print its source instead')
    .addOption(
      new Option(
        '--format <which>',
        'popcorn: its verdict in the lines of GPU MODE; flashinfer: as traces of FlashInfer-Trace',
      ).choices(['popcorn', 'flashinfer']),
    )
    .action(async (id: string, options: { readonly source?: boolean; readonly format?: string }) => {
      const { client, json } = await contextOf(program);
      const kind = KINDS[id.slice(0, 2)];
      if ((options.source || options.format) && kind !== undefined) {
        const what = options.source ? 'a source' : 'a verdict';
        throw new KilnError('INVALID_REQUEST', `${id} is a ${kind}: only a candidate has ${what} (kiln list finds them)`);
      }
      if (kind === 'sweep') {
        const view = await client.sweep(id);
        if (json) printJson(view);
        else print(`sweep ${sweepText(view)}`);
        return;
      }
      if (kind === 'campaign') {
        const view = await client.campaign(id.replace(/\.\d+$/, ''));
        if (json) printJson(view);
        else print(campaignText(view));
        return;
      }
      if (options.source) {
        const answer = await client.source(id);
        if (json) printJson(answer);
        else process.stdout.write(process.stdout.isTTY ? plainText(answer.source) : answer.source);
        return;
      }
      const candidate = await client.candidate(id);
      if (options.format) {
        const { problem } = await client.problem(candidate.submission.problem);
        process.stdout.write(options.format === 'popcorn' ? popcornText(candidate, problem) : tracesText(candidate, problem));
      } else if (json) printJson(candidate);
      else
        print(
          candidateText(candidate, {
            waitsFor: candidate.state.status === 'queued' ? await blockedReason(client, candidate.submission.device) : null,
            library: await libraryFor(client, candidate),
          }),
        );
    });
};

/** Ids tell by their beginning what they are of; any other is a candidate's. */
const KINDS: Readonly<Record<string, 'sweep' | 'campaign'>> = { 's-': 'sweep', 'k-': 'campaign' };

/** Of its problem on the model that judged it. */
const libraryFor = async (client: KilnClient, { submission, score }: Candidate): Promise<LibraryTime | null> => {
  const compared = comparedScore(score);
  return compared && libraryOn(await libraryTimes(client, submission.problem), compared.deviceModel);
};

interface Beside {
  readonly waitsFor: string | null;
  readonly library: LibraryTime | null;
}

export const candidateText = (candidate: Candidate, { waitsFor, library }: Beside): string =>
  [
    summary(candidate, { waitsFor, library }),
    caseTable(candidate, library?.cases ?? []),
    resourceTable(candidate),
    attemptTable(candidate.attempts),
    compileLog(candidate),
  ]
    .filter((part) => part !== '')
    .join('\n\n');

const summary = (
  { id, submission, state, score, infraFailures, judgedAgain, byAnswers, submittedAt }: Candidate,
  { waitsFor, library }: Beside,
): string =>
  fields([
    ['candidate', id],
    ['problem', `${submission.problem} on ${submission.device} (${submission.language}, ${bytes(submission.sourceBytes)})`],
    ['params', paramsText(submission.params) || null],
    ['submitter', submission.submitter],
    ['submitted', submittedAt],
    ['status', statusText(state)],
    ['judged again', judgedAgain && judgedAgainText(judgedAgain)],
    ['by answers', byAnswers && plainLine(byAnswers.reason, WHOLE)],
    ['waits', waitsFor],
    ['why', state.status === 'done' ? reasonText(state.outcome, WHOLE) || null : null],
    ['result', score ? scoreText(score) : null],
    ['ranks as', score && times(score.rankKey) !== times(score.speedup) ? times(score.rankKey) : null],
    ['pair', score && pairText(score)],
    ['stopped early', score && stoppedText(score)],
    ['disturbed', disturbedText(state)],
    ['device', score?.deviceModel ?? null],
    ['measured', score && (score.confirmed ? basisText(score) : `${basisText(score)}, not confirmed`)],
    ['library', library && librarySource(library)],
    ['infra failures', infraFailures === 0 ? null : String(infraFailures)],
  ]);

const disturbedText = (state: Candidate['state']): string | null => {
  if (state.status !== 'done' || state.outcome.verdict !== 'passed' || state.outcome.disturbed === undefined) return null;
  return `each time that it was timed, the last: ${state.outcome.disturbed}; it takes no record`;
};

const right = 'right' as const;
const caseTable = ({ state }: Candidate, library: LibraryTime['cases']): string => {
  if (state.status !== 'done' || state.outcome.verdict !== 'passed') return '';
  const ofLibrary = new Map(library.map(({ case: name, medianNs }) => [name, nanoseconds(medianNs)]));
  const rows = state.outcome.timings.map((timing) => [
    timing.case,
    shortTimeText({ timeNs: timing.candidate.medianNs, answers: timing.answers }),
    `[${nanoseconds(timing.candidate.ciLowNs)}, ${nanoseconds(timing.candidate.ciHighNs)}]`,
    nanoseconds(timing.baseline.medianNs),
    ...(ofLibrary.size === 0 ? [] : [ofLibrary.get(timing.case) ?? '-']),
    `${times(timing.speedup)} ${interval(timing.speedupLow, timing.speedupHigh)}`,
    String(timing.candidate.runs),
    measuredText(timing),
  ]);
  return table(
    [
      { title: 'CASE' },
      { title: 'MEDIAN', align: right },
      { title: '95 % INTERVAL', align: right },
      { title: 'BASELINE', align: right },
      ...(ofLibrary.size === 0 ? [] : [{ title: 'LIBRARY', align: right }]),
      { title: 'SPEED-UP', align: right },
      { title: 'RUNS', align: right },
      { title: 'METHOD' },
    ],
    rows,
  );
};

/** "paired, fresh inputs; two humps: 61.0 µs in 75 % of the runs, else 70.0 µs" */
export const measuredText = ({ method, inputs, unsteady, recorded, answers, candidate: { humps } }: CaseTiming): string =>
  [
    `${method}${inputs === 'fresh' ? ', fresh inputs' : ''}`,
    ...(answers ? [`time to answers, ${answers.semantics}, ${nanoseconds(answers.nullNs)} taken off`] : []),
    ...(unsteady ? ['speed-up and times contradict each other'] : []),
    ...(humps
      ? [`two humps: ${nanoseconds(humps.lowNs)} in ${percent(humps.lowShare)} of the runs, else ${nanoseconds(humps.highNs)}`]
      : []),
    ...(recorded ?? [])
      .slice(0, KERNELS_SHOWN)
      .map(({ kernel, library, share }) => `${percent(share)} ${shortName(kernel)}${library === null ? '' : ` (${library})`}`),
  ].join('; ');

/** Of a recording, those that most of its time goes to. Names of libraries' kernels are hundreds of characters long. */
const KERNELS_SHOWN = 3;
const KERNEL_CHARS = 40;
const shortName = (kernel: string): string => (kernel.length > KERNEL_CHARS ? `${kernel.slice(0, KERNEL_CHARS)}…` : kernel);

const resourceTable = ({ resources }: Candidate): string =>
  table(
    [
      { title: 'KERNEL' },
      { title: 'REGISTERS', align: right },
      { title: 'STATIC SHARED', align: right },
      { title: 'SPILLS', align: right },
    ],
    Object.entries(resources ?? {}).map(([kernel, { registers, sharedBytes, spillBytes }]) => [
      plainText(kernel),
      String(registers),
      bytes(sharedBytes),
      bytes(spillBytes),
    ]),
  );

const attemptTable = (attempts: readonly FinishedAttempt[]): string =>
  table(
    [
      { title: 'ATTEMPT' },
      { title: 'HOST' },
      { title: 'DEVICE' },
      { title: 'MODE' },
      { title: 'TOOK', align: right },
      { title: 'RESULT' },
    ],
    attempts.map((attempt) => [
      `${attemptNumber(attempt.attemptId)}`,
      attempt.hostId,
      attempt.deviceModel,
      modeText(attempt),
      attempt.phases === null ? '-' : milliseconds(attempt.phases.totalMs),
      attempt.verdict ?? `infra: ${attempt.infra ?? 'unknown'}`,
    ]),
  );

const compileLog = ({ compileLog: log }: Candidate): string => {
  const lines = plainText(log).trimEnd().split('\n');
  if (lines.join('') === '') return '';
  const shown = lines.slice(0, LOG_LINES_MAX).map((line) => `  ${line}`);
  const more = lines.length > LOG_LINES_MAX ? [`  (${lines.length - LOG_LINES_MAX} more lines: --json shows all)`] : [];
  return ['compile log:', ...shown, ...more].join('\n');
};
