import { z } from 'zod';
import { issueText } from '../platform/issue-text.ts';
import { Dtype, ScalarDtype } from './plan/dtype.ts';
import { Expression } from './plan/plan.ts';
import { ProblemCall, ProgramSide } from './program-call.ts';

const ProblemName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'a problem name is lower case letters, digits and "_"');
const Variable = z.string().regex(/^[A-Za-z_]\w{0,31}$/, 'a variable is a C identifier of at most 32 characters');
export const CASES_MAX = 32;
/** Of the hidden set: shapes that a problem's own programs are recorded for, ahead of the judgements that take them. */
export const HIDDEN_SET_CASES = 8;
export const TENSORS_MAX = 16;
const RULES_MAX = 16;

/**
 * How fresh inputs are drawn; the seed is the judge's.
 * `uniform`: [low, high). `normal`: mean, std. `bits`: every bit random (packed formats; never for IEEE floats, it makes NaN).
 * `integers`: whole numbers in [low, high], exact in any type that holds them. `zeros`: of either sign. `subnormal`: numbers that the type
 * holds without a leading 1, of either sign. `exponents`: of either sign, from 2^low to below 2^(high + 1), every power of two equally likely.
 * `mixture`: each element is of one of these, chosen at random. `bernoulli`: 1 with the probability `share`, otherwise 0.
 *
 * Along the last axis, whose elements are `length` in number: `permutation` of 0 to length - 1; `offsets` from 0 to `total`, which never fall, with
 * `lengths_seed` the same lengths of segments in every draw, in another order; `sorted_integers`, which never fall.
 *
 * `derived`: not drawn, but computed by the problem's own program from what is (`Derivation`). `low` and `high`, both included, bound integers.
 * `rule`: whether a rule of the problem's own check holds (`Verification`), as whoever records the check has it.
 */
const UNIFORM = z.strictObject({ kind: z.literal('uniform'), low: z.number(), high: z.number() });
const NORMAL = z.strictObject({
  kind: z.literal('normal'),
  mean: z.number().default(0),
  std: z.number().positive().default(1),
});
const INTEGERS = z.strictObject({ kind: z.literal('integers'), low: z.int(), high: z.int() });
const BITS = z.strictObject({ kind: z.literal('bits') });
const ZEROS = z.strictObject({ kind: z.literal('zeros') });
const SUBNORMAL = z.strictObject({ kind: z.literal('subnormal') });
const EXPONENTS = z.strictObject({
  kind: z.literal('exponents'),
  low: z.int().min(-126).max(127),
  high: z.int().min(-126).max(127),
});
const BERNOULLI = z.strictObject({ kind: z.literal('bernoulli'), share: z.number().gt(0).lt(1) });
const length = { length: z.int().positive() };
const PERMUTATION = z.strictObject({ kind: z.literal('permutation') });
const LENGTHS_SEED_MAX = 2 ** 32 - 1;
const LENGTHS_SEED_RULE = `lengths_seed is a whole number from 0 to ${LENGTHS_SEED_MAX}`;
const lengthsSeed = {
  lengths_seed: z.int({ error: LENGTHS_SEED_RULE }).min(0, LENGTHS_SEED_RULE).max(LENGTHS_SEED_MAX, LENGTHS_SEED_RULE).optional(),
};
const OFFSETS = z.strictObject({ kind: z.literal('offsets'), total: z.int().min(0), ...lengthsSeed, ...length });
const SORTED_INTEGERS = z.strictObject({ kind: z.literal('sorted_integers'), low: z.int(), high: z.int(), ...length });
/** Bounds by the case's shape, as `high: vocab - 1` for indices of a table's rows. */
const INTEGERS_SPEC = z.strictObject({ kind: z.literal('integers'), low: Expression, high: Expression });
const OFFSETS_SPEC = z.strictObject({ kind: z.literal('offsets'), total: Expression, ...lengthsSeed });
/** The part of the elements that is drawn so. */
const share = { share: z.number().positive().max(1) };
const PARTS = [
  UNIFORM.extend(share),
  NORMAL.extend(share),
  BITS.extend(share),
  ZEROS.extend(share),
  SUBNORMAL.extend(share),
  EXPONENTS.extend(share),
] as const;
const mixtureOf = <T extends z.ZodType<{ readonly share: number }>>(part: T) =>
  z.strictObject({
    kind: z.literal('mixture'),
    of: z
      .array(part)
      .min(2)
      .max(8)
      .refine((parts) => Math.abs(parts.reduce((sum, one) => sum + one.share, 0) - 1) < 1e-6, 'the shares must sum to 1'),
  });
const PLAIN = [UNIFORM, NORMAL, BITS, ZEROS, SUBNORMAL, EXPONENTS] as const;
const DERIVED = z.literal('derived');
/** Of one case: all numbers are known. */
export const Distribution = z.discriminatedUnion('kind', [
  ...PLAIN,
  INTEGERS,
  BERNOULLI,
  PERMUTATION.extend(length),
  OFFSETS,
  SORTED_INTEGERS,
  mixtureOf(z.discriminatedUnion('kind', [...PARTS, INTEGERS.extend(share)])),
  z.strictObject({ kind: DERIVED, low: z.int().optional(), high: z.int().optional() }),
  z.strictObject({ kind: z.literal('rule') }),
]);
export type Distribution = z.infer<typeof Distribution>;
/** As problem.yaml has it. */
export const DistributionSpec = z.discriminatedUnion('kind', [
  ...PLAIN,
  INTEGERS_SPEC.extend({ sorted: z.boolean().optional() }),
  BERNOULLI,
  PERMUTATION,
  OFFSETS_SPEC,
  mixtureOf(z.discriminatedUnion('kind', [...PARTS, INTEGERS_SPEC.extend(share)])),
  z.strictObject({ kind: DERIVED, low: Expression.optional(), high: Expression.optional() }),
]);
export type DistributionSpec = z.infer<typeof DistributionSpec>;

/**
 * An output element passes when |out - ref| <= atol + rtol * |ref| (both NaN, the same infinity, and 0 and -0 pass; integers are compared
 * as integers); the whole output passes when besides ||out - ref|| <= relative_l2 * ||ref|| + atol * sqrt(elements).
 */
export const Tolerance = z.strictObject({
  rtol: z.number().min(0),
  atol: z.number().min(0),
  relative_l2: z.number().positive(),
});
export type Tolerance = z.infer<typeof Tolerance>;

/**
 * Of an output that holds indices of an input's last axis, one a row or several: right is every one that leads to the same element as the reference's.
 * `distinct`: none may come twice in a row.
 */
const INDICES = z.strictObject({ kind: z.literal('indices'), of: Variable, distinct: z.boolean().default(true) });
export const Compare = z.discriminatedUnion('kind', [INDICES]);
export type Compare = z.infer<typeof Compare>;
/** Of one case: elements of a row of `of`, and indices of a row. */
export const ResolvedCompare = z.discriminatedUnion('kind', [
  INDICES.extend({ length: z.int().positive(), each: z.int().positive(), distinct: z.boolean() }),
]);
export type ResolvedCompare = z.infer<typeof ResolvedCompare>;

/** A tensor is contiguous, row-major, 256-byte aligned. `shape` is in elements of `dtype`. */
export const TensorSpec = z.strictObject({
  dtype: Dtype,
  shape: z.array(Expression).min(1).max(8),
  role: z.enum(['in', 'out', 'inout']),
  distribution: DistributionSpec.default({ kind: 'normal', mean: 0, std: 1 }),
  /** Of an output, where it is another than the problem's. */
  tolerance: Tolerance.optional(),
  /** Of an output of which more than one answer is right. */
  compare: Compare.optional(),
});
export type TensorSpec = z.infer<typeof TensorSpec>;

const namedTensors = <T extends z.ZodType>(tensor: T) =>
  z.record(Variable, tensor).refine((all) => Object.keys(all).length <= TENSORS_MAX, `at most ${TENSORS_MAX} tensors`);

/** What the judge draws and nobody is shown, for inputs to be derived from. */
const RawTensor = TensorSpec.pick({ dtype: true, shape: true, distribution: true }).refine(
  ({ distribution }) => distribution.kind !== 'derived',
  { path: ['distribution'], message: 'what inputs are derived from is drawn' },
);

/** The program that computes the inputs whose distribution is `derived`. It is handed the raw tensors by name, and returns these inputs in order. */
export const Derivation = z.strictObject({
  ...ProgramSide.omit({ style: true }).shape,
  raw: namedTensors(RawTensor).refine((raw) => Object.keys(raw).length > 0, 'there is nothing to derive inputs from'),
});
export type Derivation = z.infer<typeof Derivation>;

/**
 * The program that says whether outputs are right, in place of a comparison with the reference's. It is handed inputs and outputs by name, and returns
 * whether each of its rules holds, as true or false on the device.
 */
export const Verification = z.strictObject({
  ...ProgramSide.omit({ style: true }).shape,
  rules: z.array(Variable).min(1).max(RULES_MAX),
});
export type Verification = z.infer<typeof Verification>;

/** A case gives every shape variable a value. */
export const ProblemCase = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,63}$/, 'a case name is letters, digits, "_", "." and "-"'),
  shape: z.record(Variable, z.int().positive()),
  /** Tensor -> how its inputs are drawn in this case, instead of as the tensor says. */
  distributions: z.record(Variable, DistributionSpec).optional(),
});
/** Timed shapes meet its `distributions` too, unless `timed` is false: where more elements would take them beyond the types or the tolerance. */
const CheckCase = ProblemCase.extend({ timed: z.boolean().optional() });
export type ProblemCase = z.infer<typeof ProblemCase>;

/** Arithmetic unit a problem's floor counts on. */
export const ComputeUnit = z.enum(['f64', 'f32', 'f16_tensor', 'f8_tensor']);
export type ComputeUnit = z.infer<typeof ComputeUnit>;

/** The least work any correct kernel does, for the physical limit: bytes through device memory, operations on `unit`. */
export const Floor = z.strictObject({
  /** Bytes that must be read from memory (each input once). Nothing can be faster than these. */
  read_bytes: Expression,
  /** Bytes that must be written. They count for the percent of the floor, not for `implausible`: a write may end in the cache. */
  write_bytes: Expression,
  flops: Expression,
  unit: ComputeUnit,
});
export type Floor = z.infer<typeof Floor>;

/** A file of the problem's folder with a launch plan, or a program. */
const Side = z.union([z.string(), ProgramSide], { error: (issue) => sideComplaint(issue) });
export type Side = z.infer<typeof Side>;

const sideComplaint = ({
  input,
  errors,
}: {
  readonly input?: unknown;
  readonly errors?: readonly z.core.$ZodIssue[][];
}): string => {
  const complaints = typeof input === 'object' && input !== null ? (errors?.[1] ?? []) : [];
  const [first] = complaints.map((issue) => `${[...issue.path, ''].join(': ')}${issueText(issue)}`);
  return first ?? 'must be the name of a file, or a program: {file, symbol, style}';
};

/** One target a problem can be judged on: what its reference and its baseline are. A program can be both: then `baseline` is left out. */
const Implementation = z.strictObject({ reference: Side, baseline: Side.optional() });
export type Implementation = z.infer<typeof Implementation>;
/** `library`: what the vendor's libraries make of the problem, timed as a target. It judges nobody, and is no part of the problem's version. */
const GpuImplementation = Implementation.extend({ library: ProgramSide.optional() });

/** In which it is written; of a program, the one that is called. */
export const fileOf = (side: Side): string => (typeof side === 'string' ? side : side.file);

/** What counts as 1.00x. */
export const baselineOf = ({ reference, baseline }: Implementation): Side => baseline ?? reference;

/** Sizes of one variable in the hidden case. */
export const HiddenBounds = z
  .strictObject({ min: z.int().positive(), max: z.int().positive(), multiple_of: z.int().positive().default(1) })
  .refine(
    ({ min, max, multiple_of: step }) => Math.ceil(min / step) * step <= max,
    'there is no multiple of multiple_of from min to max',
  );
export type HiddenBounds = z.infer<typeof HiddenBounds>;

/** `problem.yaml` in a folder of `kernels/`. */
export const Problem = z.strictObject({
  name: ProblemName,
  title: z.string().min(1).max(120),
  description: z.string().max(4000).default(''),
  variables: z.array(Variable).min(1).max(16),
  tensors: namedTensors(TensorSpec),
  /** How inputs are computed that no distribution draws. */
  derive: Derivation.optional(),
  /** How outputs are checked of which more than one is right. */
  verify: Verification.optional(),
  /** Kernel arguments passed by value besides the shape variables (which are i32). */
  scalars: z.record(Variable, z.strictObject({ dtype: ScalarDtype, value: z.number() })).default({}),
  tolerance: Tolerance,
  /** Correctness only: small and awkward shapes. */
  check: z.array(CheckCase).min(1).max(CASES_MAX),
  /** Variable -> its bounds in a check case whose shape is drawn (engine/hidden-cases.ts); every variable has them. Kernels promise all of it. */
  hidden: z.record(Variable, HiddenBounds).optional(),
  /** Timed (and checked): the shapes practitioners use. `bench.cpu` replaces `bench.gpu` on the cpu device. */
  bench: z.strictObject({
    gpu: z.array(ProblemCase).max(CASES_MAX).default([]),
    cpu: z.array(ProblemCase).max(CASES_MAX).default([]),
  }),
  floor: Floor,
  /** File names in the problem's folder. A target that is absent cannot judge this problem. */
  gpu: GpuImplementation.optional(),
  cpu: Implementation.optional(),
  /** How programs are called, the reference among them where it is one. */
  call: ProblemCall.optional(),
});
export type Problem = z.infer<typeof Problem>;

/** Of its reference, its baseline, its library, what derives its inputs and its own check, where they are programs: no sources of candidates in another
 * language. */
export const programFilesOf = ({
  gpu,
  cpu,
  derive,
  verify,
}: Pick<Problem, 'gpu' | 'cpu' | 'derive' | 'verify'>): readonly string[] =>
  [derive, verify, gpu?.reference, gpu?.baseline, gpu?.library, cpu?.reference, cpu?.baseline].flatMap((side) =>
    typeof side === 'object' ? [side.file, ...side.files] : [],
  );
