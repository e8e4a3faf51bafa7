/** `kiln problem init NAME`: a folder that loads, that `kiln problem check` finds nothing wrong with, and that says what to change. */
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { loadKilnConfig } from '../../config/kiln-config.ts';
import { KilnError } from '../../domain/errors.ts';
import { Problem } from '../../domain/problem.ts';
import { contextOf, print, printJson, PROJECT_ROOT } from '../context.ts';
import { writeProblemFolder } from '../input/problem-folder.ts';
import { problemTemplate } from '../input/problem-template.ts';

export const addProblemInit = (program: Command, problem: Command): void => {
  problem
    .command('init')
    .description('make a problem to begin with: a folder in the kernels folder, for GPUs and the cpu device')
    .argument('<name>', 'small letters, digits and _, as a kernel would be called')
    .action(async (name: string) => {
      const { json } = await contextOf(program);
      const made = initProblem(name, loadKilnConfig({ root: PROJECT_ROOT, env: process.env }).kernelsDir);
      if (json) printJson(made);
      else print(initText(made));
    });
};

interface Made {
  readonly problem: string;
  readonly folder: string;
  readonly files: readonly string[];
}

const initProblem = (name: string, kernelsDir: string): Made => {
  const parsed = Problem.shape.name.safeParse(name);
  if (!parsed.success)
    throw new KilnError(
      'INVALID_REQUEST',
      `"${name}" is no name of a problem: ${parsed.error.issues[0]?.message ?? 'it is not allowed'}`,
    );
  const files = problemTemplate(name);
  const folder = writeProblemFolder(kernelsDir, name, files);
  return { problem: name, folder, files: Object.keys(files) };
};

const initText = ({ problem, folder, files }: Made): string =>
  [
    ...files.map((file) => relative(process.cwd(), join(folder, file))),
    '',
    `It doubles a vector until you change it (docs/problems.md). kiln problem check ${problem} says whether its checks find`,
    'wrong versions of its reference; kiln problem reload has the daemon read it.',
  ].join('\n');
