/** `task.yml` of a task of GPU MODE: its files, and the arguments of its tests and benchmarks. Pure. */
import { parse } from 'yaml';
import { z } from 'zod';
import { issuesText } from '../../platform/issue-text.ts';
import type { AskedCase } from '../programs/kept-cases.ts';
import { RefusedFile } from '../programs/refused-file.ts';

const CASES_MAX = 200;
const Args = z.record(z.string(), z.unknown());

const TaskFile = z.looseObject({
  lang: z.string().default('py'),
  description: z.string().default(''),
  files: z.array(z.object({ name: z.string(), source: z.string() })).default([]),
  tests: z.array(Args).max(CASES_MAX).nullish(),
  benchmarks: z.array(Args).max(CASES_MAX).nullish(),
  multi_gpu: z.boolean().default(false),
});

export interface GpuModeTask {
  readonly description: string;
  /** Name that the task gives it -> path from the task's folder. The submission and the harness are not among them. */
  readonly files: ReadonlyMap<string, string>;
  /** In the order of the file; the seed is Kiln's. */
  readonly cases: readonly AskedCase[];
}

const SUBMISSION = '@SUBMISSION@';
const HARNESS = /^eval\w*\.py$/u;

/** Throws RefusedFile. */
export const readGpuModeTask = (text: string): GpuModeTask => {
  const parsed = TaskFile.safeParse(documentOf(text));
  if (!parsed.success) throw new RefusedFile(`task.yml: ${issuesText(parsed.error)}`);
  const { lang, description, files, tests, benchmarks, multi_gpu: isMulti } = parsed.data;
  if (lang !== 'py') throw new RefusedFile(`its language is ${lang}; Python is taken`);
  const cases = [...casesOf('check', tests ?? []), ...casesOf('bench', benchmarks ?? [])];
  if (isMulti || cases.some(({ args }) => 'world_size' in args)) throw new RefusedFile('it runs on several GPUs at once');
  if (!cases.some(({ kind }) => kind === 'bench')) throw new RefusedFile('task.yml lists no benchmarks');
  const kept = files.filter(({ name, source }) => source !== SUBMISSION && !HARNESS.test(name) && name.endsWith('.py'));
  return { description, files: new Map(kept.map(({ name, source }) => [name, source])), cases };
};

const casesOf = (kind: AskedCase['kind'], all: readonly Readonly<Record<string, unknown>>[]): readonly AskedCase[] =>
  all.map(({ seed: _seed, ...args }) => ({ kind, args }));

const documentOf = (text: string): unknown => {
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw new RefusedFile(
      `task.yml cannot be read: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`,
    );
  }
};

/** Of a list of tasks beside them (`problems: [{directory, name}]`): folder -> the name that submissions go by. */
export const leaderboardNames = (text: string): ReadonlyMap<string, string> => {
  const list = z.object({ problems: z.array(z.object({ directory: z.string(), name: z.string() })) });
  try {
    const parsed = list.safeParse(parse(text, { maxAliasCount: 0 }));
    return new Map(parsed.success ? parsed.data.problems.map(({ directory, name }) => [directory, name]) : []);
  } catch {
    // Another YAML than a list of tasks.
    return new Map();
  }
};
