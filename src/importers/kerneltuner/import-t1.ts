/**
 * A tuning problem in the T1 form as a problem of Kiln with a sweep: problem.yaml, the kernel with its launch plan, and sweep.yaml. Such a problem says nothing of what is
 * right, so its own kernel at one allowed point is the reference, and the baseline too. Pure.
 */
import { LaunchPlan } from '../../domain/plan/plan.ts';
import { Problem } from '../../domain/problem.ts';
import type { StrategyName } from '../../domain/sweep/sweep.ts';
import { KilnError } from '../../domain/errors.ts';
import { issuesText } from '../../platform/issue-text.ts';
import { ownValue } from '../../platform/own-value.ts';
import { argumentsOf, type TakenArguments } from './arguments.ts';
import { kernelText } from './kernel-text.ts';
import { launchOf } from './launch.ts';
import { readmeText } from './readme-text.ts';
import { refused } from './refused.ts';
import { axisText, spaceOf, type TakenSpace } from './space.ts';
import type { T1 } from './t1.ts';
import { yamlText } from '../yaml-text.ts';

export interface Imported {
  readonly name: string;
  /** Path in the problem's folder -> its text. */
  readonly files: Readonly<Record<string, string>>;
  /** What was taken in another way, or left out. */
  readonly notes: readonly string[];
}

export interface Wish {
  /** Of the file KernelFile. */
  readonly source: string;
  /** Left out: the benchmark's, or the kernel's. */
  readonly name?: string | undefined;
  readonly device: string;
}

export const importT1 = (t1: T1, { source, name: wished, device }: Wish): Imported => {
  const { KernelSpecification: kernel } = t1;
  if (kernel.Language !== 'CUDA') throw refused('KernelSpecification.Language', `${kernel.Language} is not taken: CUDA is`);
  const name = wished ?? problemNameOf(t1);
  const space = spaceOf(t1);
  const args = argumentsOf(t1, { ...space.axes, ProblemSize: kernel.ProblemSize ?? 1 });
  const names = { params: new Set(Object.keys(space.axes)), variables: args.variables };
  const launch = { kernel: kernel.KernelName, ...launchOf(t1, names), args: [...args.order] };
  const plan = { params: space.params, launch: [launch], ...(Object.keys(args.symbols).length > 0 && { symbols: args.symbols }) };
  const whole = { ...plan, space: space.axes, ...(space.where.length > 0 && { where: space.where }) };
  const parsed = LaunchPlan.safeParse(whole);
  if (!parsed.success) throw new KilnError('INVALID_REQUEST', `it makes no launch plan: ${issuesText(parsed.error)}`);
  const notes = [...args.notes, ...sizeNotes(t1, args), ...optionNotes(kernel.CompilerOptions), ...budgetNotes(t1)];
  const files = {
    'problem.yaml': problemText(name, t1, args),
    'reference.cu': kernelText(source, kernel.KernelName, plan),
    [SEED]: kernelText(source, kernel.KernelName, { ...whole, space: rangesOf(space.axes) }),
    'sweep.yaml': yamlText({ problem: name, file: SEED, device, ...searchOf(t1), budget: budgetOf(t1) }),
  };
  return { name, notes, files: { ...files, 'README.md': readmeText(name, kernel.KernelName, notes) } };
};

const rangesOf = (axes: TakenSpace['axes']): object =>
  Object.fromEntries(Object.entries(axes).map(([name, values]) => [name, axisText(values)]));

const SEED = 'seeds/1-kernel.cu';

/** The benchmark's, or the kernel's. */
export const problemNameOf = ({ General, KernelSpecification: { KernelName } }: T1): string =>
  nameOf(General.BenchmarkName ?? KernelName);

/** "GEMM (tiled)" -> "gemm_tiled" */
const nameOf = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^[_0-9]+|_+$/g, '')
    .slice(0, 63) || 'imported';

const problemText = (name: string, { KernelSpecification: { KernelName } }: T1, args: TakenArguments): string => {
  const outputs = Object.values(args.tensors).filter(({ role }) => role !== 'in');
  if (outputs.length === 0) throw refused('Arguments', 'no argument is written: say AccessType WriteOnly or ReadWrite of one');
  const shape = { ...args.variables };
  const half = outputs.some(({ dtype }) => dtype === 'f16');
  const problem = {
    name,
    title: `${KernelName}, imported`,
    variables: Object.keys(args.variables),
    tensors: args.tensors,
    ...(Object.keys(args.scalars).length > 0 && { scalars: args.scalars }),
    tolerance: half ? { rtol: 2e-3, atol: 1e-3, relative_l2: 1e-3 } : { rtol: 1e-4, atol: 1e-5, relative_l2: 1e-5 },
    check: [{ name: 'as_given', shape }],
    bench: { gpu: [{ name: 'given', shape }] },
    floor: { read_bytes: 0, write_bytes: 0, flops: 0, unit: 'f32' },
    gpu: { reference: 'reference.cu', baseline: 'reference.cu' },
  };
  const parsed = Problem.safeParse(problem);
  if (parsed.success) return yamlText(problem);
  throw new KilnError('INVALID_REQUEST', `it makes no problem: ${issuesText(parsed.error)}`);
};

const STRATEGIES: Readonly<Record<string, StrategyName>> = {
  brute_force: 'grid',
  random_sample: 'random',
  genetic_algorithm: 'evolve',
  diff_evo: 'evolve',
  pso: 'evolve',
  firefly_algorithm: 'evolve',
  simulated_annealing: 'evolve',
  dual_annealing: 'evolve',
};

const searchOf = ({ Search }: T1): { readonly strategy: StrategyName } => ({
  strategy: Search === undefined ? 'grid' : (ownValue(STRATEGIES, Search.Name.toLowerCase()) ?? 'forest'),
});

const budgetOf = ({ Budget }: T1): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Budget.flatMap(({ Type, BudgetValue }) => {
      if (Type === 'ConfigurationCount') return [['candidates', Math.max(1, Math.trunc(BudgetValue))]];
      return Type === 'TuningDuration' ? [['minutes', BudgetValue / 60]] : [];
    }),
  );

const budgetNotes = ({ Budget }: T1): readonly string[] =>
  Budget.some(({ Type }) => Type === 'ConfigurationFraction')
    ? ['the budget is a fraction of the space: say `candidates` in sweep.yaml instead']
    : [];

/** A grid for fewer elements than an output has leaves the rest of it as it was. */
const sizeNotes = (
  { KernelSpecification: { ProblemSize = 'unknown' } }: T1,
  { tensors, variables }: TakenArguments,
): readonly string[] => {
  const sizes = Array.isArray(ProblemSize) ? ProblemSize : [ProblemSize];
  const covered = sizes.reduce<number>((product, size) => product * (typeof size === 'number' ? size : Infinity), 1);
  return Object.entries(tensors).flatMap(([name, { role, shape }]) => {
    const elements = variables[String(shape[0])] ?? 0;
    return role === 'in' || elements <= covered
      ? []
      : [`ProblemSize covers ${covered} of the ${elements} elements of \`${name}\``];
  });
};

const optionNotes = (options: readonly string[]): readonly string[] =>
  options.length === 0 ? [] : [`compiler options are not taken: ${options.join(' ')}`];
