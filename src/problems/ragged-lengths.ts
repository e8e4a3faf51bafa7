/**
 * What a problem's cases leave out of the lengths of ragged segments: those of one timed run must be those of the next, and not all that a kernel
 * meets. Pure.
 */
import { INTEGER_TYPES } from '../domain/plan/dtype.ts';
import type { DistributionSpec, Problem, TensorSpec } from '../domain/problem.ts';
import { ownValue } from '../platform/own-value.ts';

type Drawn = Pick<TensorSpec, 'dtype' | 'shape' | 'distribution'>;

export const lengthGaps = (problem: Problem): readonly string[] => {
  const inputs = Object.entries(problem.tensors).filter(([, { role }]) => role !== 'out');
  const drawn = [...inputs, ...Object.entries(problem.derive?.raw ?? {})];
  return drawn.flatMap(([name, tensor]) => [...gapsOf(problem, name, tensor), ...derivedGap(problem, name, tensor)]);
};

const gapsOf = (problem: Problem, name: string, tensor: Drawn): readonly string[] => {
  const timed = timedOf(problem).map((one) => ({
    name: one.name,
    distribution: ownValue(one.distributions ?? {}, name) ?? tensor.distribution,
  }));
  const changing = timed.filter(({ distribution }) => distribution.kind === 'offsets' && !keepsLengths(distribution));
  const keys = timed.filter(({ distribution }) => INTEGER_TYPES.has(tensor.dtype) && isSorted(distribution));
  const keeping = timed.filter(({ distribution }) => keepsLengths(distribution));
  const meetsOthers = problem.check.some(({ distributions = {}, timed: isMetByTimed }) => {
    const own = ownValue(distributions, name);
    return isMetByTimed !== false && own !== undefined && !keepsLengths(own);
  });
  return [
    ...(changing.length === 0
      ? []
      : [
          `timed runs of unlike work: lengths of "${name}" are drawn anew for each (${names(changing)}); \`lengths_seed\` keeps them`,
        ]),
    ...(keys.length === 0
      ? []
      : [
          `timed runs of unlike work: how often each number of "${name}" comes is drawn anew for each (${names(keys)}); keys of segments whose lengths stay are derived from raw \`offsets\` with a \`lengths_seed\``,
        ]),
    ...(keeping.length === 0 || meetsOthers
      ? []
      : [
          `no check case whose own \`distributions\` draw other lengths of "${name}": a kernel may rely on those of timed cases (${names(keeping)})`,
        ]),
  ];
};

/** Derived integers with a number more than there are segments are offsets, as far as can be told without running their program. */
const derivedGap = (problem: Problem, name: string, { dtype, shape, distribution }: Drawn): readonly string[] => {
  const looksRagged = distribution.kind === 'derived' && INTEGER_TYPES.has(dtype) && ONE_MORE.test(String(shape.at(-1)));
  const rests = timedOf(problem).filter(({ distributions = {} }) =>
    Object.entries(problem.derive?.raw ?? {}).every(
      ([raw, usual]) => !keepsLengths(ownValue(distributions, raw) ?? usual.distribution),
    ),
  );
  if (!looksRagged || rests.length === 0) return [];
  return [
    `timed runs of unlike work, where the derived "${name}" are offsets of segments: their lengths follow from no raw \`offsets\` with a \`lengths_seed\` (${names(rests)})`,
  ];
};

const ONE_MORE = /\+\s*1$|^1\s*\+/u;

const timedOf = ({ bench }: Problem): Problem['bench']['gpu'] => [...bench.gpu, ...bench.cpu];

const keepsLengths = (distribution: DistributionSpec): boolean =>
  distribution.kind === 'offsets' && distribution.lengths_seed !== undefined;

const isSorted = (distribution: DistributionSpec): boolean => distribution.kind === 'integers' && distribution.sorted === true;

const names = (cases: readonly { readonly name: string }[]): string => [...new Set(cases.map(({ name }) => name))].join(', ');
