/** Submissions of GPU MODE that are wrong by a mechanical change of what their reference returns. Pure. */
import type { Problem } from '../../src/domain/problem.ts';

export interface WrongSubmission {
  readonly name: string;
  readonly source: string;
}

interface Change {
  readonly name: string;
  /** Body of `custom_kernel(data)`; `before`: what stands above it. */
  readonly lines: readonly string[];
  readonly before?: readonly string[];
}

const HEAD = ['import torch', 'from reference import ref_kernel'];

/** Of whatever is returned, each tensor, where it lies: as an author would do who writes to the output that is given. */
const EACH = [
  'def each(result, change):',
  '    if isinstance(result, dict):',
  '        return {name: each(one, change) for name, one in result.items()}',
  '    if isinstance(result, (tuple, list)):',
  '        return tuple(each(one, change) for one in result)',
  '    return result.copy_(change(result))',
];

/** Beyond the tolerance, and beyond what the type rounds away; `size`: of the tolerance, relative and absolute together. */
const tooLarge = (size: number): readonly string[] => [
  'def too_large(one):',
  '    if not one.dtype.is_floating_point:',
  '        return one + 1',
  `    return one * (1 + max(${4 * size}, 4 * torch.finfo(one.dtype).eps))`,
];

const HALF = [
  'def first_half(one):',
  '    half = one.clone().reshape(-1)',
  '    half[(half.numel() + 1) // 2 :] = 0',
  '    return half.reshape(one.shape)',
];

const changesOf = ({ tolerance: { rtol, atol } }: Pick<Problem, 'tolerance'>): readonly Change[] => [
  { name: 'zeros', lines: ['return each(ref_kernel(data), torch.zeros_like)'] },
  {
    name: 'beyond the tolerance',
    before: tooLarge(rtol + atol),
    lines: ['return each(ref_kernel(data), too_large)'],
  },
  { name: 'half of it', before: HALF, lines: ['return each(ref_kernel(data), first_half)'] },
  { name: 'negated', lines: ['return each(ref_kernel(data), torch.neg)'] },
  {
    name: 'the output of the call before',
    before: ['last = {}'],
    lines: [
      'key = str(tuple(one.shape for one in tensors_of(data)))',
      'result = ref_kernel(data)',
      'now = [one.clone() for one in tensors_of(result)]',
      'before = iter(last.get(key, now))',
      'last[key] = now',
      'return each(result, lambda one: next(before))',
    ],
  },
  {
    name: 'the first output of its shape',
    before: ['first = {}'],
    lines: [
      'key = str(tuple(one.shape for one in tensors_of(data)))',
      'result = ref_kernel(data)',
      'if key not in first:',
      '    first[key] = [one.clone() for one in tensors_of(result)]',
      'kept = iter(first[key])',
      'return each(result, lambda one: next(kept))',
    ],
  },
];

const TENSORS_OF = [
  'def tensors_of(data):',
  '    if isinstance(data, torch.Tensor):',
  '        return [data]',
  '    parts = data.values() if isinstance(data, dict) else data if isinstance(data, (tuple, list)) else []',
  '    return [one for part in parts for one in tensors_of(part)]',
];

/** What it returns is one of its inputs: a problem that is a copy has no such wrong one. */
const IDENTITY = 'identity';

const copyOf = ({ name, tensors }: Pick<Problem, 'name' | 'tensors'>): readonly Change[] => {
  const all = Object.values(tensors);
  const outputs = all.filter(({ role }) => role === 'out');
  const [output] = outputs;
  if (!output || outputs.length > 1 || name.includes(IDENTITY)) return [];
  const inputs = all.filter(({ role }) => role === 'in');
  const isSame = ({ dtype, shape }: (typeof all)[number]): boolean =>
    dtype === output.dtype && shape.length === output.shape.length && shape.every((size, axis) => size === output.shape[axis]);
  if (!inputs.some(isSame)) return [];
  const lines = [
    'result = ref_kernel(data)',
    'inputs = [one for one in tensors_of(data) if one.data_ptr() != result.data_ptr()]',
    'return result.copy_(next(one for one in inputs if one.shape == result.shape and one.dtype == result.dtype))',
  ];
  return [{ name: 'a copy of an input', lines }];
};

const textOf = ({ before = [], lines }: Change): string =>
  [
    ...HEAD,
    '',
    '',
    ...EACH,
    '',
    '',
    ...TENSORS_OF,
    '',
    '',
    ...before,
    '',
    '',
    'def custom_kernel(data):',
    ...lines.map((line) => `    ${line}`),
    '',
  ].join('\n');

/** They import `reference.py` of the problem. */
export const wrongSubmissions = (problem: Pick<Problem, 'name' | 'tensors' | 'tolerance'>): readonly WrongSubmission[] =>
  [...changesOf(problem), ...copyOf(problem)].map((change) => ({ name: change.name, source: textOf(change) }));

/** The reference as a submission. */
export const REFERENCE_SUBMISSION =
  'from reference import ref_kernel\n\n\ndef custom_kernel(data):\n    return ref_kernel(data)\n';
