/** What describe.py answers: of each file what it draws, takes and returns, or why that cannot be said. */
import { z } from 'zod';
import { Constant, ModelArguments } from '../../domain/program-call.ts';
import { DescribedDraw, typed } from './described-draw.ts';
import { RawDraws } from './raw-draws.ts';

const Place = z.array(z.string());

/** What a file hands over; `tensor`: its index. */
export type Tree =
  | { readonly tensor: number }
  | { readonly constant: boolean | null }
  | { readonly number: number; readonly float: boolean }
  | { readonly tuple: readonly Tree[] }
  | { readonly dict: Readonly<Record<string, Tree>> };
const Tree: z.ZodType<Tree> = z.lazy(() =>
  z.union([
    z.strictObject({ tensor: z.int().min(0) }),
    z.strictObject({ constant: z.boolean().nullable() }),
    z.strictObject({ number: z.number(), float: z.boolean() }),
    z.strictObject({ tuple: z.array(Tree) }),
    z.strictObject({ dict: z.record(z.string(), Tree) }),
  ]),
);

const DescribedTensor = z.strictObject({ ...typed, contiguous: z.boolean(), draw: DescribedDraw, read: z.string().nullish() });
export type DescribedTensor = z.infer<typeof DescribedTensor>;

/** `tensor`: the one of `tensors` that it is; null: it is new. */
const DescribedOutput = z.strictObject({ ...typed, name: z.string().nullable(), tensor: z.int().min(0).nullable() });
export type DescribedOutput = z.infer<typeof DescribedOutput>;

const DescribedCase = z.strictObject({
  data: Tree,
  tensors: z.array(DescribedTensor),
  raw: RawDraws,
  /** Of each tensor, the keys and indices that lead to it. */
  places: z.array(Place),
  /** Null: the reference did not run, for `complaint`. */
  outputs: z.array(DescribedOutput).nullable(),
  /** Tensors that the reference changed. */
  changed: z.array(z.int().min(0)),
  complaint: z.string(),
});
export type DescribedCase = z.infer<typeof DescribedCase>;

const ReadTolerance = z.union([
  z.strictObject({ rtol: z.number().min(0), atol: z.number().min(0) }),
  z.strictObject({ equal: z.literal(true) }),
]);

/** Of a task that checks outputs by itself: how its questions are answered where they are right, by their place in its files. */
const DescribedCheck = z.strictObject({
  passes: z.record(z.string(), z.boolean()),
  /** How it is handed outputs. */
  form: z.enum(['tensor', 'tuple', 'list', 'dict']),
});
export type DescribedCheck = z.infer<typeof DescribedCheck>;

/** Of a model, whose file has but one case: what cases there are. `instead`: its rows as they were given, where they are too many. */
const Asked = z.strictObject({
  kind: z.enum(['check', 'bench']),
  args: z.record(z.string(), z.int()),
  instead: z.int().optional(),
});

export const Described = z.strictObject({
  cases: z.array(z.union([z.strictObject({ refused: z.string() }), DescribedCase])),
  /** What the file calls its tensors, by their place; "" where it does not. */
  names: z.array(z.string()),
  tolerance: ReadTolerance.optional(),
  check: DescribedCheck.optional(),
  asked: z.array(Asked).optional(),
  /** Of a model. */
  init: z.strictObject({ ...ModelArguments.shape, positional: z.array(Constant) }).optional(),
  /** Of a model: bytes of its parameters and buffers. */
  weights: z.int().min(0).optional(),
  /** Of a model whose inputs its file computes: the variable of the file that `batch` of a case is the value of. */
  rows: z.string().optional(),
});
export type Described = z.infer<typeof Described>;

export const RefusedAnswer = z.strictObject({ refused: z.string() });
export const DescribedAnswer = z.strictObject({ described: Described });
export type Answer = z.infer<typeof DescribedAnswer> | z.infer<typeof RefusedAnswer>;

export const Answers = z.union([
  /** Each is read on its own: one that is none says nothing of the others. */
  z.strictObject({ torch: z.string(), python: z.string(), answers: z.array(z.unknown()) }),
  /** It cannot describe anything. */
  z.strictObject({ complaint: z.string(), python: z.string() }),
]);
