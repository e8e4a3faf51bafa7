import { z } from 'zod';
import { Dtype, ScalarDtype } from './dtype.ts';
import { Distribution, ResolvedCompare, Tolerance } from '../problem.ts';

/** A launch plan with every expression evaluated for one case: plain numbers, nothing left to interpret on the host. */
const Dim3 = z.tuple([z.int().positive(), z.int().positive(), z.int().positive()]);

const TensorValue = z.strictObject({ kind: z.literal('tensor'), name: z.string() });
const ScalarValue = z.strictObject({ kind: z.literal('scalar'), dtype: ScalarDtype, value: z.number() });

export const ResolvedArg = z.discriminatedUnion('kind', [
  TensorValue,
  z.strictObject({ kind: z.literal('scratch'), name: z.string() }),
  ScalarValue,
]);
export type ResolvedArg = z.infer<typeof ResolvedArg>;

/** A variable of the code, and what it holds at the start of every run. */
export const ResolvedSymbol = z.strictObject({
  name: z.string(),
  value: z.discriminatedUnion('kind', [TensorValue, ScalarValue]),
});
export type ResolvedSymbol = z.infer<typeof ResolvedSymbol>;

export const ResolvedLaunch = z.strictObject({
  kernel: z.string(),
  /** Which of the plan's launches it is, where some may be left out; absent: they are all there. */
  index: z.int().min(0).optional(),
  grid: Dim3,
  block: Dim3,
  cluster: Dim3.nullable(),
  cooperative: z.literal(true).optional(),
  /** Dynamic shared memory, bytes. */
  shared: z.int().min(0),
  args: z.array(ResolvedArg),
});
export type ResolvedLaunch = z.infer<typeof ResolvedLaunch>;

export const ResolvedPlan = z.strictObject({
  launches: z.array(ResolvedLaunch).min(1),
  /** name -> bytes */
  scratch: z.record(z.string(), z.int().positive()),
  /** Absent: the plan fills none. */
  symbols: z.array(ResolvedSymbol).min(1).optional(),
});
export type ResolvedPlan = z.infer<typeof ResolvedPlan>;

export const ResolvedTensor = z.strictObject({
  name: z.string(),
  dtype: Dtype,
  elements: z.int().positive(),
  role: z.enum(['in', 'out', 'inout']),
  distribution: Distribution,
  /** Of an output; absent: the problem's. */
  tolerance: Tolerance.optional(),
  /** Absent: by its numbers. */
  compare: ResolvedCompare.optional(),
});
export type ResolvedTensor = z.infer<typeof ResolvedTensor>;
