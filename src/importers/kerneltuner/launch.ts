/** Grid and block of a tuning problem as expressions of a launch plan. */
import type { Launch } from '../../domain/plan/plan.ts';
import { ceilDivText, wholeText } from './kiln-expression.ts';
import { parsePython } from './python-expression.ts';
import { naming } from './refused.ts';
import type { T1 } from './t1.ts';

const DIMENSIONS = ['X', 'Y', 'Z'] as const;
/** What divides a dimension where a problem does not say it, where it is a param. */
const USUAL = ['block_size_x', 'block_size_y', 'block_size_z'];

export interface Names {
  readonly params: ReadonlySet<string>;
  readonly variables: Readonly<Record<string, number>>;
}

export const launchOf = ({ KernelSpecification: kernel }: T1, names: Names): Pick<Launch, 'grid' | 'block' | 'shared'> => ({
  grid: withoutOnes(kernel.ProblemSize === undefined ? globalGrid(kernel) : dividedGrid(kernel, names)),
  block: withoutOnes(DIMENSIONS.map((dimension) => expression(kernel.LocalSize[dimension] ?? '1', `LocalSize.${dimension}`))),
  shared: kernel.SharedMemory ?? 0,
});

type Kernel = T1['KernelSpecification'];

const expression = (text: string, field: string): string => naming(field, () => wholeText(parsePython(text)));

/** As the tuner itself computes it: the size of the problem in pieces of what its divisors come to. */
const dividedGrid = (kernel: Kernel, { params, variables }: Names): readonly string[] => {
  const size = kernel.ProblemSize ?? 1;
  const sizes = Array.isArray(size) ? size : [size];
  const variableOf = new Map(Object.entries(variables).map(([name, value]) => [String(value), name]));
  return DIMENSIONS.map((dimension, index) => {
    const text = expression(String(sizes[index] ?? 1), `ProblemSize[${index}]`);
    const given = kernel[`GridDiv${dimension}`] ?? [];
    const usual = USUAL[index] ?? '';
    const divisors = given.length > 0 ? given : [usual].filter((name) => params.has(name));
    return text === '1'
      ? '1'
      : ceilDivText(
          variableOf.get(text) ?? text,
          divisors.map((one) => expression(one, `GridDiv${dimension}`)),
        );
  });
};

const globalGrid = ({ GlobalSize, GlobalSizeType = 'CUDA', LocalSize }: Kernel): readonly string[] =>
  DIMENSIONS.map((dimension) => {
    const size = expression(GlobalSize[dimension] ?? '1', `GlobalSize.${dimension}`);
    if (GlobalSizeType === 'CUDA' || size === '1') return size;
    return ceilDivText(size, [expression(LocalSize[dimension] ?? '1', `LocalSize.${dimension}`)]);
  });

const withoutOnes = (sizes: readonly string[]): (string | number)[] => {
  const last = sizes.findLastIndex((size) => size !== '1');
  return sizes.slice(0, Math.max(1, last + 1)).map((size) => (/^\d+$/.test(size) ? Number(size) : size));
};
