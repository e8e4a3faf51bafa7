import type { Command } from 'commander';
import type { ProblemsReloaded, ProblemVersionList, ProblemView, RefusedProblem } from '../../domain/api/problems.ts';
import { plainLine } from '../../platform/printable-text.ts';
import type { LibraryTime } from '../../domain/library.ts';
import { libraryText } from '../../domain/text/library-text.ts';
import { libraryTimes } from '../library-times.ts';
import { addProblemInit } from './problem-init.ts';
import { contextOf, print, printJson, PROJECT_ROOT } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { compareText, toleranceText } from '../../domain/text/problem-definition.ts';
import { sideName } from '../../domain/text/side-text.ts';
import { plainText } from '../../platform/printable-text.ts';
import type { CheckProblem } from '../../domain/api/problem-check.ts';
import { HostId } from '../../domain/ids.ts';
import { tryOnGpu } from '../try-on-gpu.ts';
import { fleetCheckText } from '../output/problem-check.ts';
import { fields, table } from '../output/table.ts';
import { paramsText } from '../../domain/text/params-text.ts';

export const addProblems = (program: Command): void => {
  program
    .command('problems')
    .description('all problems, or one with its shapes, arguments and tolerances')
    .argument('[name]')
    .action(async (name: string | undefined) => {
      const { client, json } = await contextOf(program);
      if (name !== undefined) {
        const view = await client.problem(name);
        const [{ versions }, library] = await Promise.all([client.problemVersions(name), libraryTimes(client, name)]);
        if (json) printJson({ ...view, versions, library });
        else print([problemText(view), ...libraryLines(library), ...versionsText(versions)].join('\n\n'));
        return;
      }
      const list = await client.problems();
      if (json) printJson(list);
      else {
        const rows = list.problems.map((problem) => [problem.name, problem.targets.join(', '), problem.title]);
        const listed = table([{ title: 'PROBLEM' }, { title: 'TARGETS' }, { title: 'TITLE' }], rows);
        print([listed, ...refusedText(list.refused)].join('\n\n'));
      }
    });
};

/** `kiln problem …`. */
export const addProblem = (program: Command): void => {
  const problem = program.command('problem').description('work on problems: make one, check it, have the daemon read them again');
  addProblemCheck(program, problem);
  addProblemInit(program, problem);
  addProblemReload(program, problem);
};

const addProblemReload = (program: Command, problem: Command): void => {
  problem
    .command('reload')
    .description('have the daemon read the folders of problems again; what waits is judged by the version it was submitted for')
    .action(async () => {
      const { client, json } = await contextOf(program);
      const answer = await client.reloadProblems();
      if (json) printJson(answer);
      else print(reloadedText(answer));
      if (answer.refused.length > 0) process.exitCode = EXIT.failed;
    });
};

export const reloadedText = ({ added, changed, removed, unchanged, refused }: ProblemsReloaded): string =>
  [
    ...added.map((name) => `+ ${name} is new`),
    ...changed.map((name) => `~ ${name} is another now; what waits keeps the version of before`),
    ...removed.map((name) => `- ${name} is gone; what waits keeps it`),
    `${unchanged} ${unchanged === 1 ? 'problem stays' : 'problems stay'} as ${unchanged === 1 ? 'it is' : 'they are'}`,
    ...refusedText(refused),
  ].join('\n');

const refusedText = (refused: readonly RefusedProblem[]): readonly string[] =>
  refused.map(({ name, reason }) => plainLine(`${name} does not load: ${reason}`, 500));

/** In one paragraph. */
const libraryLines = (models: readonly LibraryTime[]): readonly string[] =>
  models.length === 0 ? [] : [models.map(libraryText).join('\n')];

/** Of one that was never changed there is nothing to say. */
const versionsText = (versions: ProblemVersionList['versions']): readonly string[] => {
  if (versions.every(({ isCurrent }) => isCurrent)) return [];
  const rows = versions.map(({ version, isCurrent, devices, candidates, ranked, waiting, lastSubmittedAt }) => [
    version.slice(0, 12),
    isCurrent ? 'now' : 'before',
    devices.join(', '),
    String(candidates),
    String(ranked),
    String(waiting),
    lastSubmittedAt,
  ]);
  const titles = ['VERSION', 'IS', 'DEVICES', 'CANDIDATES', 'RANKED', 'WAITING', 'LAST SUBMITTED'];
  return [
    table(
      titles.map((title) => ({ title })),
      rows,
    ),
  ];
};

const addProblemCheck = (program: Command, group: Command): void => {
  group
    .command('check')
    .description(
      'what the checks of a problem do not find: wrong versions of its reference, tried here and on a GPU of the fleet',
    )
    .argument('<problem>', 'a folder with a problem.yaml, or a name in the kernels folder')
    .option('--on <host>', 'on a device of this host alone, as the running daemon knows the problem')
    .option('--device <class>', 'on a device of this class alone, as the running daemon knows the problem')
    .action(async (problem: string, { on, device }: { readonly on?: string; readonly device?: string }) => {
      const { client, json } = await contextOf(program);
      const isThere = on !== undefined || device !== undefined;
      const found = isThere ? null : await checkHere(problem);
      const onFleet = isThere
        ? { tried: await client.checkProblem(problem, whereOf(on, device)) }
        : await tryOnGpu(client, problem);
      if (json) printJson({ ...found, fleet: onFleet });
      else print([...(found ? [checkText(found)] : []), fleetCheckText(problem, onFleet)].join('\n'));
      if (found?.ok === false || ('tried' in onFleet && !onFleet.tried.ok)) process.exitCode = EXIT.failed;
    });
};

const checkHere = async (problem: string): Promise<Checked> => {
  const { checkProblem } = await import('../../problem-check.ts');
  return checkProblem(problem, { root: PROJECT_ROOT, env: process.env });
};

const whereOf = (on: string | undefined, device: string | undefined): CheckProblem => ({
  ...(on === undefined ? {} : { host: HostId.parse(on) }),
  ...(device === undefined ? {} : { device }),
});

interface Checked {
  readonly problem: string;
  readonly ok: boolean;
  readonly refused: string | null;
  readonly mutants: readonly { readonly name: string; readonly foundBy: string | null }[];
  readonly gaps: readonly string[];
}

export const checkText = ({ problem, ok, refused, mutants, gaps }: Checked): string =>
  [
    `${problem}, on the cpu device of this machine: ${ok ? 'every wrong version of its reference is found' : 'not every wrong version of its reference is found'}`,
    ...(refused === null ? [] : [`  judges nobody: ${plainText(refused)}`]),
    ...mutants.map(({ name, foundBy }) => (foundBy === null ? `  PASSES   ${name}` : `  found    ${name}, by case ${foundBy}`)),
    ...gaps.map((gap) => `  gap      ${gap}`),
  ].join('\n');

/** "4M (n=4194304), 16M (n=16777216)" */
const casesText = (cases: ProblemView['problem']['check']): string | null =>
  cases.map(({ name, shape }) => `${name} (${paramsText(shape)})`).join(', ') || null;

/** "m 1 to 200, n 8 to 264 in steps of 8" */
const boundsText = (hidden: NonNullable<ProblemView['problem']['hidden']>): string =>
  Object.entries(hidden)
    .map(([name, { min, max, multiple_of: step }]) => `${name} ${min} to ${max}${step === 1 ? '' : ` in steps of ${step}`}`)
    .join(', ');

/** Of a program; another is told by its name among the files. */
const referenceText = ({ gpu }: ProblemView['problem']): string | null =>
  typeof gpu?.reference === 'object' ? sideName(gpu.reference) : null;

export const problemText = ({ problem, readme, files }: ProblemView): string => {
  const head = fields([
    ['problem', `${problem.name}: ${problem.title}`],
    ['variables', problem.variables.join(', ')],
    ['tolerance', toleranceText(problem.tolerance)],
    ...Object.entries(problem.tensors).flatMap(([name, { tolerance }]) =>
      tolerance ? [[`tolerance of ${name}`, toleranceText(tolerance)] as const] : [],
    ),
    ...Object.entries(problem.tensors).flatMap(([name, { compare }]) =>
      compare ? [[`${name} is right`, compareText(compare)] as const] : [],
    ),
    ['check cases', casesText(problem.check)],
    ['hidden case', problem.hidden ? boundsText(problem.hidden) : null],
    ['gpu cases', casesText(problem.bench.gpu)],
    ['cpu cases', casesText(problem.bench.cpu)],
    [
      'scalars',
      Object.entries(problem.scalars)
        .map(([name, { dtype, value }]) => `${name}: ${dtype} = ${value}`)
        .join(', ') || null,
    ],
    ['reference', referenceText(problem)],
    ['files', Object.keys(files).join(', ') || null],
  ]);
  const tensors = Object.entries(problem.tensors).map(([name, tensor]) => [
    name,
    tensor.role,
    tensor.dtype,
    `[${tensor.shape.join(', ')}]`,
  ]);
  const args = table([{ title: 'TENSOR' }, { title: 'ROLE' }, { title: 'TYPE' }, { title: 'SHAPE' }], tensors);
  return [head, args, plainText(readme).trim()].filter((part) => part !== '').join('\n\n');
};
