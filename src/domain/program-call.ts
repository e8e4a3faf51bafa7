/** Problems whose reference or baseline is a program, and how programs are called: the sections `gpu` and `call` of problem.yaml. */
import { z } from 'zod';
import { EnvironmentName } from './environment.ts';
import { FilePath, Program, PROGRAM_FILES_MAX } from './program.ts';

const { file, symbol, style } = Program.shape.entry.shape;

/** Of a problem: its reference or its baseline is called like a candidate, and what it launches is recorded. */
export const ProgramSide = z.strictObject({
  file,
  symbol,
  style,
  /** Beside `file`: what it imports, by paths in the problem's folder. */
  files: z
    .array(FilePath)
    .max(PROGRAM_FILES_MAX - 1)
    .default([]),
  environment: EnvironmentName.default('torch'),
});
export type ProgramSide = z.infer<typeof ProgramSide>;

/** In Python's words: true, null and numbers are themselves, lists are lists, sets of fields are dicts. */
export type Constant = string | number | boolean | null | readonly Constant[] | { readonly [name: string]: Constant };
export const Constant: z.ZodType<Constant> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(Constant), z.record(z.string(), Constant)], {
    error: 'must be text, a number, true, false, null, a list or a set of fields',
  }),
);

/** Of a model's arguments: 1.0, which is no integer in Python. A number of JSON and of this language does not tell. */
export const WHOLE_FLOAT = '$float';

/** What a program is handed. Text names a tensor, a shape variable or a scalar; lists are tuples, sets of fields dicts. */
export type CallData = Constant;

export const isList = (data: CallData): data is readonly CallData[] => Array.isArray(data);

/** A name that Python takes for an argument. */
const Keyword = z.string().regex(/^[A-Za-z_]\w{0,127}$/, 'a keyword is a name of Python');

/** Arguments of a model's constructor. */
export const ModelArguments = z.strictObject({
  positional: z.array(Constant).default([]),
  keywords: z.record(Keyword, Constant).default({}),
});
export type ModelArguments = z.infer<typeof ModelArguments>;

/** What torch.manual_seed is called with before a model is made, so that the models of reference and candidate draw the same weights. */
export const MODEL_SEED = 42;
const SEED_MAX = 2 ** 32 - 1;

/** How every program of a problem is called, its reference and its candidates. */
export const ProblemCall = z.strictObject({
  /** Of the style `custom_kernel`; left out: inputs first, then outputs. */
  data: Constant.optional(),
  /** Of the style `model`. */
  init: z
    .union([z.array(Constant), ModelArguments], {
      error: 'must be a list of arguments, or {positional: […], keywords: {…}}',
    })
    .optional(),
  /** Of the style `model`; left out: 42. */
  seed: z.int().min(0).max(SEED_MAX).optional(),
});
export type ProblemCall = z.infer<typeof ProblemCall>;
