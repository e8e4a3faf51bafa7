/** The table of docs/problems.md that says where shipped problems use what a problem and a plan may say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LaunchPlan } from '../../../src/domain/plan/plan.ts';
import type { DistributionSpec, Problem } from '../../../src/domain/problem.ts';
import { loadProblem } from '../../../src/problems/load-problems.ts';
import { parseHeader } from '../../../src/problems/parse-header.ts';
import { languageOfFile } from '../../../src/domain/plan/language-of-file.ts';

const ROOT = join(import.meta.dirname, '../../..');
const KERNELS = join(ROOT, 'kernels');

const distributionsOf = ({ tensors, check, bench }: Problem): readonly DistributionSpec[] => [
  ...Object.values(tensors).flatMap(({ role, distribution }) => (role === 'out' ? [] : [distribution])),
  ...[...check, ...bench.gpu].flatMap(({ distributions = {} }) => Object.values(distributions)),
];
const draws = (kind: DistributionSpec['kind']) => (problem: Problem) =>
  distributionsOf(problem).some((distribution) => distribution.kind === kind);
const outputsOf = ({ tensors }: Problem) => Object.values(tensors).filter(({ role }) => role !== 'in');

const SAID_BY_PROBLEM: Readonly<Record<string, (problem: Problem) => boolean>> = {
  'indices bounded by a variable': (problem) =>
    distributionsOf(problem).some(
      (one) => one.kind === 'integers' && problem.variables.some((name) => new RegExp(`\\b${name}\\b`, 'u').test(`${one.high}`)),
    ),
  permutations: draws('permutation'),
  'sorted keys': (problem) => distributionsOf(problem).some((one) => one.kind === 'integers' && one.sorted === true),
  masks: draws('bernoulli'),
  'ragged rows': draws('offsets'),
  'ragged rows of the same lengths in every run': (problem) =>
    distributionsOf(problem).some((one) => one.kind === 'offsets' && one.lengths_seed !== undefined),
  mixtures: draws('mixture'),
  'a tolerance for one output': (problem) => outputsOf(problem).some(({ tolerance }) => tolerance !== undefined),
  'outputs of unlike types': (problem) => new Set(outputsOf(problem).map(({ dtype }) => dtype)).size > 1,
  'several right answers': (problem) => outputsOf(problem).some(({ compare }) => compare !== undefined),
  'float arguments': ({ scalars }) => Object.values(scalars).some(({ dtype }) => dtype === 'f32'),
};

const SAID_BY_PLAN: Readonly<Record<string, (plan: LaunchPlan, source: string) => boolean>> = {
  'numbers as arguments': ({ launch }) => launch.some(({ args }) => args.some((arg) => typeof arg === 'object')),
  'names for expressions': (plan) => Object.keys(plan.let).length > 0,
  'launches that depend on the case': ({ launch }) => launch.some(({ when }) => when !== undefined),
  'sizes that depend on the case': (plan) => Object.values(plan.let).some((expression) => /\bif\(/u.test(`${expression}`)),
  'blocks that wait for each other': ({ launch }, source) =>
    launch.some(({ cooperative }) => cooperative === true) && source.includes('this_grid().sync()'),
  clusters: ({ launch }) => launch.some(({ cluster }) => cluster !== undefined),
  'options of the compiler': ({ compile }) => compile !== undefined,
  'params that depend on each other': ({ constraints }) => constraints !== undefined,
  'several files': (_plan, source) => /^#line 1 "\w+\.\w+"$/mu.test(source),
};

const section = readFileSync(join(ROOT, 'docs/problems.md'), 'utf8')
  .split('## Where shipped problems use it\n')[1]
  ?.split('\n## ')[0];
const rows = [...(section ?? '').matchAll(/^\| (.+?) \| .+ \| (.+) \|$/gmu)].slice(1);
const cited = rows.flatMap(([, what = '', files = '']) =>
  [...files.matchAll(/`(.+?)`/gu)].map(([, file = '']) => ({ what, file })),
);

test('the table of docs names everything, and nothing that is not looked for here', () => {
  const known = new Set([...Object.keys(SAID_BY_PROBLEM), ...Object.keys(SAID_BY_PLAN)]);
  expect(new Set(rows.map(([, what]) => what))).toEqual(known);
  expect(new Set(cited.map(({ what }) => what))).toEqual(known);
});

const says = (what: string, file: string): boolean | undefined => {
  const [name = '', ...path] = file.split('/');
  const { problem, files } = loadProblem(join(KERNELS, name));
  if (file.endsWith('problem.yaml')) return SAID_BY_PROBLEM[what]?.(problem);
  const source = files[path.join('/')] ?? '';
  const header = parseHeader(source, languageOfFile(file) ?? 'cuda');
  return header.ok && SAID_BY_PLAN[what]?.(header.plan, source);
};

test.each(cited)('kernels/$file has $what', ({ what, file }) => {
  expect(says(what, file)).toBe(true);
});
