/** A problem's definition for those who write for it, in a quarter of the bytes that its JSON takes. */
import type { Compare, DistributionSpec, Problem, ProblemCase, TensorSpec } from '../problem.ts';

export const definitionText = (problem: Problem, targets: readonly ('gpu' | 'cpu')[]): string => {
  const { variables, tensors, derive, verify, scalars, call, tolerance, check, hidden, bench, floor } = problem;
  const values = Object.entries(scalars).map(([name, { dtype, value }]) => `${name} ${dtype} = ${value}`);
  return [
    `shape variables: ${variables.join(', ')}`,
    ...Object.entries(tensors).map(([name, spec]) => `tensor ${name}: ${tensorText(spec)}`),
    ...(derive === undefined
      ? []
      : [`derived inputs are computed by ${derive.symbol} of ${derive.file}, from what is drawn anew each time`]),
    ...(values.length === 0 ? [] : [`scalars: ${values.join(', ')}`]),
    ...(call?.data === undefined ? [] : [`custom_kernel(data) of programs gets: ${JSON.stringify(call.data)}`]),
    ...(verify === undefined
      ? []
      : [
          `outputs are right where ${verify.symbol} of ${verify.file} says so (${verify.rules.join(', ')}), and each call on the same inputs must return the same, within the tolerance`,
        ]),
    `tolerance: ${toleranceText(tolerance)}`,
    casesText('check cases', variables, check),
    ...(hidden === undefined ? [] : [`one more check case, whose shape is drawn: ${boundsText(hidden)}`]),
    ...targets
      .filter((target) => bench[target].length > 0)
      .map((target) => casesText(`bench cases (${target})`, variables, bench[target])),
    `floor: ${floor.read_bytes} bytes read, ${floor.write_bytes} bytes written, ${floor.flops} operations on ${floor.unit}`,
  ].join('\n');
};

const tensorText = ({ dtype, shape, role, distribution, tolerance, compare }: TensorSpec): string =>
  [
    `${dtype}[${shape.join(', ')}], ${role}`,
    ...(role === 'out' ? [] : [distributionText(distribution)]),
    ...(compare === undefined ? [] : [compareText(compare)]),
    ...(tolerance === undefined ? [] : [`tolerance of its own: ${toleranceText(tolerance)}`]),
  ].join(', ');

export const compareText = ({ of, distinct }: Compare): string =>
  `any index is right that leads to the same element of ${of} as the reference's${distinct ? ', each once in a row' : ''}`;

/** "normal std 3", "mixture of 0.5 zeros, 0.5 normal": a mean of 0 and a deviation of 1 go without saying. */
const distributionText = ({ kind, ...rest }: DistributionSpec): string => {
  if ('of' in rest)
    return `mixture of ${rest.of.map(({ share, ...part }) => `${share} ${distributionText(part as DistributionSpec)}`).join(', ')}`;
  const { sorted, ...numbers } = { sorted: undefined, ...rest };
  const words = sorted === true ? ['sorted', kind] : [kind];
  const unusual = Object.entries(numbers).filter(([name, value]) => kind !== 'normal' || value !== USUAL[name]);
  const kept = 'lengths_seed' in numbers ? [': the same lengths in every draw, in another order'] : [];
  return [...words, ...unusual.map(([name, value]) => `${name} ${value}`)].join(' ') + kept.join('');
};

const USUAL: Readonly<Record<string, unknown>> = { mean: 0, std: 1 };

export const toleranceText = ({ rtol, atol, relative_l2: norm }: Problem['tolerance']): string =>
  `rtol ${rtol}, atol ${atol}, relative_l2 ${norm}`;

/** "check cases, of batch, pages: one 1, 1; odd 5, 37 (q zeros)": names of variables once. */
const casesText = (title: string, variables: readonly string[], cases: readonly ProblemCase[]): string =>
  `${title}, of ${variables.join(', ')}: ${cases.map((one) => caseText(one, variables)).join('; ')}`;

const caseText = ({ name, shape, distributions }: ProblemCase, variables: readonly string[]): string => {
  const drawn = Object.entries(distributions ?? {}).map(([tensor, how]) => `${tensor} ${distributionText(how)}`);
  const sizes = variables.map((variable) => shape[variable]);
  return `${name} ${sizes.join(', ')}${drawn.length === 0 ? '' : ` (${drawn.join(', ')})`}`;
};

const boundsText = (hidden: NonNullable<Problem['hidden']>): string =>
  Object.entries(hidden)
    .map(([name, { min, max, multiple_of: step }]) => `${name} ${min}..${max}${step === 1 ? '' : ` in steps of ${step}`}`)
    .join(', ');
