import type { Command } from 'commander';
import type { ProblemView } from '../../domain/api/problems.ts';
import { contextOf, print, printJson, PROJECT_ROOT } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
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
      const { client, json } = contextOf(program);
      if (name !== undefined) {
        const view = await client.problem(name);
        if (json) printJson(view);
        else print(problemText(view));
        return;
      }
      const list = await client.problems();
      if (json) printJson(list);
      else {
        const rows = list.problems.map((problem) => [problem.name, problem.targets.join(', '), problem.title]);
        print(table([{ title: 'PROBLEM' }, { title: 'TARGETS' }, { title: 'TITLE' }], rows));
      }
    });
};

export const addProblemCheck = (program: Command): void => {
  program
    .command('problem')
    .description('work on a problem')
    .command('check')
    .description(
      'what the checks of a problem do not find: wrong versions of its reference, tried here and on a GPU of the fleet',
    )
    .argument('<problem>', 'a folder with a problem.yaml, or a name in the kernels folder')
    .option('--on <host>', 'on a device of this host alone, as the running daemon knows the problem')
    .option('--device <class>', 'on a device of this class alone, as the running daemon knows the problem')
    .action(async (problem: string, { on, device }: { readonly on?: string; readonly device?: string }) => {
      const { client, json } = contextOf(program);
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

export const problemText = ({ problem, readme, files }: ProblemView): string => {
  const { rtol, atol, relative_l2: l2 } = problem.tolerance;
  const head = fields([
    ['problem', `${problem.name}: ${problem.title}`],
    ['variables', problem.variables.join(', ')],
    ['tolerance', `rtol ${rtol}, atol ${atol}, relative L2 ${l2}`],
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
