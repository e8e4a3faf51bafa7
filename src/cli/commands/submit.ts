import { type Command, Option } from 'commander';
import { SubmitCandidate } from '../../domain/api/candidates.ts';
import { Language, type Params } from '../../domain/plan.ts';
import type { CandidateRecord } from '../../domain/records.ts';
import { type Context, contextOf, note, print, printJson, printJsonLine } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { collectParam } from '../input/params.ts';
import { deviceFor, readSource } from '../input/source-file.ts';
import { wholeNumber } from '../input/whole-number.ts';
import { summaryText } from '../../domain/text/describe.ts';
import { createProgress } from '../output/progress.ts';
import { table } from '../output/table.ts';
import { whenDone } from '../watch-candidates.ts';
import { blockedLines, tellWhyWaiting } from '../why-waiting.ts';

export interface CandidateOptions {
  readonly problem: string;
  readonly device?: string;
  readonly language?: string;
  readonly param?: Params;
  readonly priority?: number;
  readonly trial?: number;
  readonly submitter?: string;
  readonly label?: readonly string[];
}
interface SubmitOptions extends CandidateOptions {
  readonly watch?: boolean;
  readonly profile?: boolean;
}

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

/** What `submit` and `sweep` share. */
export const withCandidateOptions = (command: Command): Command =>
  command
    .requiredOption('-p, --problem <name>', 'problem that the candidate solves (kiln problems lists them)')
    .option('-d, --device <class>', 'device class, such as H100, A100 or cpu (default: cpu for .c, otherwise H100)')
    .addOption(new Option('--language <name>', 'default: by the ending .cu, .c or .py').choices(Language.options))
    .option('--param <name=value>', "override a param of the plan's header (repeatable)", collectParam)
    .option('--priority <number>', '1 is first (default: 100)', wholeNumber(1, 2_000_000))
    .option('--trial <number>', 'judge the same content again under another number; only 0 is ranked', wholeNumber(0, 9999))
    .option('--submitter <name>', 'who asks: queues are shared fairly between submitters')
    .option('--label <label>', 'host label that is required (repeatable)', collect);

export const candidateOf = async (path: string, options: CandidateOptions): Promise<SubmitCandidate> => {
  const { source, language } = await readSource(path, options.language);
  const { problem, param, priority, trial, submitter, label } = options;
  return {
    problem,
    source,
    language,
    ...deviceFor(language, options.device),
    ...(param === undefined ? {} : { params: param }),
    ...(priority === undefined ? {} : { priority }),
    ...(trial === undefined ? {} : { trial }),
    ...(submitter === undefined ? {} : { submitter }),
    ...(label === undefined ? {} : { labels: [...label] }),
  };
};

export const addSubmit = (program: Command): void => {
  withCandidateOptions(program.command('submit').description('submit candidate files').argument('<file...>'))
    .option('--profile', 'profile those that pass (kiln profile ID shows it)')
    .option('-w, --watch', 'wait for the verdicts; exits with 3 when one did not pass')
    .action(async (files: readonly string[], options: SubmitOptions) => {
      const context = contextOf(program);
      const read = await Promise.all(files.map(async (file) => candidateOf(file, options)));
      const candidates = options.profile ? read.map((candidate) => ({ ...candidate, profile: true })) : read;
      const answer = await context.client.submit(candidates);
      if (options.watch) {
        await watch(context, new Map(answer.candidates.map(({ id }, index) => [id, files[index] ?? ''])), devicesOf(candidates));
        return;
      }
      if (context.json) printJson(answer);
      else {
        const rows = answer.candidates.map(({ id, known, status, verdict, message }, index) => {
          const what = [verdict ?? status, known ? 'known' : '', message ?? ''].filter((part) => part !== '');
          return [files[index] ?? '', id, what.join(', ')];
        });
        print(table([{ title: 'FILE' }, { title: 'CANDIDATE' }, { title: 'STATUS' }], rows));
        for (const line of await blockedLines(context.client, devicesOf(candidates))) note(line);
      }
    });
};

const devicesOf = (candidates: readonly SubmitCandidate[]): ReadonlySet<string> =>
  new Set(candidates.map(({ device }) => SubmitCandidate.shape.device.parse(device)));

const watch = async (context: Context, files: ReadonlyMap<string, string>, devices: ReadonlySet<string>): Promise<void> => {
  const progress = createProgress({ sink: process.stderr, total: files.size, lines: 'none' });
  let done = 0;
  let notPassed = 0;
  const onDone = (record: CandidateRecord): void => {
    done += 1;
    if (!hasPassed(record)) notPassed += 1;
    progress.end();
    if (context.json) printJsonLine(record);
    else print(`${files.get(record.id) ?? ''}  ${record.id}  ${summaryText(record)}`);
    if (done < files.size) progress.update(done, 'judged');
  };
  progress.update(0, 'judged');
  const ended = new AbortController();
  if (!context.json) void tellWhyWaiting(context.client, devices, { signal: ended.signal, tell: note });
  await whenDone(context.client, [...files.keys()], onDone).finally(() => ended.abort());
  if (notPassed === 0) return;
  if (!context.json) note(`${notPassed} of ${files.size} did not pass: kiln show ID says why`);
  process.exitCode = EXIT.notPassed;
};

const hasPassed = ({ state }: CandidateRecord): boolean => state.status === 'done' && state.outcome.verdict === 'passed';
