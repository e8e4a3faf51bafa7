/**
 * What a problem's cases leave out of the lengths of ragged segments: those of one timed run must be those of the next, and not all that a kernel
 * meets. Pure.
 */
import type { DistributionSpec, Problem } from '../domain/problem.ts';
import { ownValue } from '../platform/own-value.ts';

export const lengthGaps = (problem: Problem): readonly string[] => {
  const inputs = Object.entries(problem.tensors).filter(([, { role }]) => role !== 'out');
  const drawn = [...inputs, ...Object.entries(problem.derive?.raw ?? {})];
  return drawn.flatMap(([name, { distribution }]) => gapsOf(problem, name, distribution));
};

const gapsOf = ({ bench, check }: Problem, name: string, usual: DistributionSpec): readonly string[] => {
  const timed = [...bench.gpu, ...bench.cpu].map((one) => ({
    name: one.name,
    distribution: ownValue(one.distributions ?? {}, name) ?? usual,
  }));
  const changing = timed.filter(({ distribution }) => distribution.kind === 'offsets' && !keepsLengths(distribution));
  const keeping = timed.filter(({ distribution }) => keepsLengths(distribution));
  const meetsOthers = check.some(({ distributions = {}, timed: isMetByTimed }) => {
    const own = ownValue(distributions, name);
    return isMetByTimed !== false && own !== undefined && !keepsLengths(own);
  });
  return [
    ...(changing.length === 0
      ? []
      : [
          `timed runs of unlike work: lengths of "${name}" are drawn anew for each (${names(changing)}); \`lengths_seed\` keeps them`,
        ]),
    ...(keeping.length === 0 || meetsOthers
      ? []
      : [
          `no check case whose own \`distributions\` draw other lengths of "${name}": a kernel may rely on those of timed cases (${names(keeping)})`,
        ]),
  ];
};

const keepsLengths = (distribution: DistributionSpec): boolean =>
  distribution.kind === 'offsets' && distribution.lengths_seed !== undefined;

const names = (cases: readonly { readonly name: string }[]): string => [...new Set(cases.map(({ name }) => name))].join(', ');
