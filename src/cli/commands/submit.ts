import { type Command, Option } from 'commander';
import { SubmitCandidate, type Submitted } from '../../domain/api/candidates.ts';
import { candidateOfSolution } from '../../importers/flashinfer/solution.ts';
import { KilnError } from '../../domain/errors.ts';
import { Language, type Params } from '../../domain/plan/plan.ts';
import { problemOfHeader } from '../../importers/gpumode/header.ts';
import { type Candidate, Effort, PRIORITY_LAST } from '../../domain/candidate.ts';
import { type Context, contextOf, note, print, printJson, printJsonLine } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { collect } from '../input/given.ts';
import { collectParam } from '../input/params.ts';
import { Program } from '../../domain/program.ts';
import type { RecognisedProgram } from '../../domain/program-style.ts';
import { deviceFor, readIncluded, readSource, readText } from '../input/source-file.ts';
import { wholeNumber } from '../input/whole-number.ts';
import { summaryText, WHOLE } from '../../domain/text/describe.ts';
import { createProgress } from '../output/progress.ts';
import { table } from '../output/table.ts';
import { whenDone } from '../watch-candidates.ts';
import { blockedClasses, blockedLine, reportBlocked, reportWhyWaiting } from '../why-waiting.ts';
import { type TimeoutOption, within, withTimeout } from '../within.ts';

export interface CandidateOptions {
  /** Left out: the one that the file's header names. */
  readonly problem?: string;
  readonly device?: string;
  readonly language?: string;
  readonly param?: Params;
  readonly priority?: number;
  readonly trial?: number;
  readonly effort?: Effort;
  readonly submitter?: string;
  readonly label?: readonly string[];
  readonly with?: readonly string[];
  readonly include?: readonly string[];
  readonly environment?: string;
  readonly prefer?: Program['prefer'];
}
interface SubmitOptions extends CandidateOptions, TimeoutOption {
  readonly watch?: boolean;
  readonly profile?: boolean;
}

export const EFFORT_HELP =
  'full: time it to the end; racing: stop it early once it cannot come near the front of its ranking (default: racing)';

/** What `submit` and `sweep` share. */
export const withCandidateOptions = (command: Command): Command =>
  command
    .option(
      '-p, --problem <name>',
      'problem that the candidate solves (kiln problems lists them; default: the one that `#!POPCORN leaderboard NAME` in the file names)',
    )
    .option('-d, --device <class>', 'device class, such as H100, A100 or cpu (default: cpu for .c, otherwise H100)')
    .addOption(new Option('--language <name>', 'default: by the ending .cu, .c or .py').choices(Language.options))
    .option('--param <name=value>', "override a param of the plan's header (repeatable)", collectParam)
    .option('--priority <number>', '1 is first (default: 100)', wholeNumber(1, PRIORITY_LAST))
    .option('--trial <number>', 'judge the same content again under another number; only 0 is ranked', wholeNumber(0, 9999))
    .addOption(new Option('--effort <which>', EFFORT_HELP).choices(Effort.options))
    .option('--submitter <name>', 'who asks: queues are shared fairly between submitters')
    .option('--label <label>', 'host label that is required (repeatable)', collect)
    .option(
      '--with <file>',
      'another file that the source includes, or that the entry of a program imports (repeatable)',
      collect,
    )
    .option('--include <folder>', 'a folder in which `#include "…"` of the source are looked for (repeatable)', collect)
    .option('--environment <name>', 'for a program: the environment that it runs in (default: torch)')
    .addOption(
      new Option(
        '--prefer <which>',
        'for a program: recorded, where it can be recorded; program, by the time to its answers at once (default: recorded)',
      ).choices(Program.shape.prefer.unwrap().options),
    );

export const candidateOf = async (path: string, options: CandidateOptions): Promise<SubmitCandidate> => {
  if (path.endsWith('.json')) return solutionOf(path, options);
  const read = await readSource(path, options.language);
  const { name, source, language, program } = read;
  if (program) note(`${path} is taken for ${program.words}`);
  else refuseProgramOptions(path, options);
  const problem = problemOf(path, source, options);
  return {
    problem,
    source,
    language,
    ...deviceFor(language, options.device),
    ...wishesOf(options),
    ...(program ? { program: await programOf(name, program, options) } : await readIncluded(path, read, options)),
  };
};

const refuseProgramOptions = (path: string, { environment, prefer }: CandidateOptions): void => {
  const given = [environment !== undefined && '--environment', prefer !== undefined && '--prefer'].filter(
    (name) => name !== false,
  );
  if (given.length > 0)
    throw new KilnError(
      'INVALID_REQUEST',
      `${path} is no program: ${given.join(' and ')} ${given.length === 1 ? 'is' : 'are'} for those`,
    );
};

/** What the command line says beside the candidate itself. */
const wishesOf = ({ param, priority, trial, effort, submitter, label }: CandidateOptions): Partial<SubmitCandidate> => ({
  ...(param === undefined ? {} : { params: param }),
  ...(priority === undefined ? {} : { priority }),
  ...(trial === undefined ? {} : { trial }),
  ...(effort === undefined ? {} : { effort }),
  ...(submitter === undefined ? {} : { submitter }),
  ...(label === undefined ? {} : { labels: [...label] }),
});

/** A solution of FlashInfer-Trace says itself what it solves. */
const solutionOf = async (path: string, options: CandidateOptions): Promise<SubmitCandidate> => {
  const { words, program, ...candidate } = candidateOfSolution(await readText(path));
  const { problem = candidate.problem, device, language = 'python' } = options;
  if (language !== 'python')
    throw new KilnError('INVALID_REQUEST', `${path} is a solution in python: --language ${language} is not for those`);
  note(`${path} is taken for ${words}`);
  const files = [...(program.files ?? []), ...(await readOthers(options))];
  const whole = { ...program, files, ...programWishes(options) };
  return { ...candidate, ...deviceFor('python', device), ...wishesOf(options), problem, program: whole };
};

/** Files of a program beside its entry. */
const readOthers = async ({
  with: paths = [],
  include,
}: CandidateOptions): Promise<readonly { path: string; content: string }[]> => {
  if (include !== undefined)
    throw new KilnError('INVALID_REQUEST', '--include: only cuda and c include files; name what a program imports by --with');
  return Promise.all(paths.map(async (path) => ({ path, content: await readText(path) })));
};

const problemOf = (path: string, source: string, { problem }: CandidateOptions): string => {
  const named = problem ?? problemOfHeader(source);
  if (named !== null) return named;
  throw new KilnError('INVALID_REQUEST', `${path}: which problem does it solve? Give --problem NAME (kiln problems lists them)`);
};

const programOf = async (
  file: string,
  { symbol, style }: RecognisedProgram,
  options: CandidateOptions,
): Promise<NonNullable<SubmitCandidate['program']>> => ({
  entry: { file, symbol, style },
  files: [...(await readOthers(options))],
  ...programWishes(options),
});

const programWishes = ({ environment, prefer }: CandidateOptions): Pick<Partial<Program>, 'environment' | 'prefer'> => ({
  ...(environment === undefined ? {} : { environment }),
  ...(prefer === undefined ? {} : { prefer }),
});

export const addSubmit = (program: Command): void => {
  const command = withCandidateOptions(program.command('submit').description('submit candidate files').argument('<file...>'))
    .option('--profile', 'profile those that pass (kiln profile ID shows it)')
    .option('-w, --watch', 'wait for the verdicts; exits with 3 when one did not pass');
  withTimeout(command).action(async (files: readonly string[], options: SubmitOptions) => {
    const context = await contextOf(program);
    const read = await Promise.all(files.map(async (file) => candidateOf(file, options)));
    const candidates = options.profile ? read.map((candidate) => ({ ...candidate, profile: true })) : read;
    const answer = await context.client.submit(candidates);
    const taken = answer.candidates.map((submitted, index) => ({
      submitted,
      file: files[index] ?? '',
      device: SubmitCandidate.shape.device.parse(candidates[index]?.device),
    }));
    if (options.watch) {
      const ids = taken.map(({ submitted }) => submitted.id);
      const goOn = `kiln show ${ids.length === 1 ? ids[0] : 'ID'} says where it is`;
      await within(options, goOn, async () => watch(context, taken));
    } else if (context.json) {
      printJson(answer);
      tellFailures(context, taken);
    } else {
      print(
        table(
          [{ title: 'FILE' }, { title: 'CANDIDATE', isId: true }, { title: 'STATUS' }],
          taken.map(({ submitted, file }) => [file, submitted.id, statusOf(submitted)]),
        ),
      );
      const waiting = waitingDevices(taken);
      if (waiting.size > 0) for (const blocked of await blockedClasses(context.client, waiting)) note(blockedLine(blocked));
      if (taken.some(({ submitted }) => submitted.known && submitted.status === 'done')) note(KNOWN);
      tellFailures(context, taken);
    }
  });
};

const KNOWN = 'known: the same content was judged before, and this is its verdict; --trial NUMBER judges it once more';

interface Taken {
  readonly submitted: Submitted;
  readonly file: string;
  readonly device: string;
}

/** One that was cancelled before and is queued again is not known: it has no verdict. */
const statusOf = ({ verdict, status, known, message }: Submitted): string =>
  [verdict ?? status, known ? 'known' : '', message ?? ''].filter((part) => part !== '').join(', ');

/** Known at once: a plan error, a program that nothing records, the same content judged before. */
const tellFailures = (context: Context, taken: readonly Taken[]): void => {
  const failed = taken.filter(({ submitted: { status, verdict } }) => status === 'done' && verdict !== 'passed');
  exitWith(context, { notPassed: failed.length, of: taken.length });
};

const exitWith = ({ json }: Context, { notPassed, of }: { readonly notPassed: number; readonly of: number }): void => {
  if (notPassed === 0) return;
  if (!json) note(`${notPassed} of ${of} did not pass: kiln show ID says why`);
  process.exitCode = EXIT.notPassed;
};

/** What has its verdict waits for nothing. */
const waitingDevices = (taken: readonly Taken[]): ReadonlySet<string> =>
  new Set(taken.flatMap(({ submitted, device }) => (submitted.status === 'done' ? [] : [device])));

const watch = async (context: Context, taken: readonly Taken[]): Promise<void> => {
  const files = new Map(taken.map(({ submitted, file }) => [submitted.id, file]));
  const tellState = stateTeller(context, files);
  for (const { submitted } of taken) if (submitted.status !== 'done') tellState(submitted.id, submitted.status);
  const progress = createProgress({ sink: process.stderr, total: files.size, lines: 'none' });
  let done = 0;
  let notPassed = 0;
  const onDone = (candidate: Candidate): void => {
    done += 1;
    if (!hasPassed(candidate)) notPassed += 1;
    progress.end();
    if (context.json) printJsonLine(candidate);
    else print(`${files.get(candidate.id) ?? ''}  ${candidate.id}  ${summaryText(candidate, WHOLE)}`);
    if (done < files.size) progress.update(done, 'judged');
  };
  progress.update(0, 'judged');
  const ended = new AbortController();
  const waiting = waitingDevices(taken);
  if (waiting.size > 0) {
    void reportWhyWaiting(context.client, waiting, { signal: ended.signal, report: reportBlocked(context.json, progress) });
  }
  const onState = ({ id, state }: Candidate): void => tellState(id, state.status);
  await whenDone(context.client, [...files.keys()], { onDone, onState }).finally(() => ended.abort());
  exitWith(context, { notPassed, of: files.size });
};

/** Programs read lines of states as they change; people see a bar. */
const stateTeller = ({ json }: Context, files: ReadonlyMap<string, string>) => {
  const reported = new Map<string, string>();
  return (id: string, status: string): void => {
    if (!json || reported.get(id) === status) return;
    reported.set(id, status);
    printJsonLine({ event: 'state', id, file: files.get(id) ?? '', status });
  };
};

const hasPassed = ({ state }: Candidate): boolean => state.status === 'done' && state.outcome.verdict === 'passed';
