import { z } from 'zod';
import { Literal } from './argument.ts';
import { compileCondition } from './condition.ts';
import { ExpressionError } from './expression-parser.ts';
import { RANGE_FORM, VALUES_MAX, valuesOfRange } from './value-range.ts';
import { ownValue } from '../../platform/own-value.ts';

/** An integer, or an expression over shape variables and params (see expression.ts). */
export const Expression = z.union([z.int(), z.string().min(1).max(500)]);
export type Expression = z.infer<typeof Expression>;

export const Language = z.enum(['cuda', 'triton', 'c', 'python']);
export type Language = z.infer<typeof Language>;

const Name = z.string().regex(/^[A-Za-z_]\w{0,127}$/, 'a name is a C identifier of at most 128 characters');

/** Template arguments are tokens of types, numbers and names: the compiler of CUDA reads them. */
const CPP_NAME = /^[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*(?:<[\w\s:,<>*&+\-()]{1,160}>)?$/;
const KernelName = z
  .string()
  .max(256)
  .regex(CPP_NAME, 'a kernel is a C identifier of at most 128 characters, or in CUDA C++ a name such as ns::add<float, 4>');

/** By a C++ name, which is another in the compiled code. */
export const isCppName = (kernel: string): boolean => !Name.safeParse(kernel).success;

const GRID_DIMS_MAX = 3;
export const LAUNCHES_MAX = 16;
const ARGS_MAX = 64;
const PARAMS_MAX = 64;
const SCRATCH_MAX = 16;
const SYMBOLS_MAX = 16;
const LETS_MAX = 32;
const CONDITIONS_MAX = 64;

/** Values of macros. Strings are C tokens (`float4`, `__half`), never options. */
export const ParamValue = z.union([
  z.int(),
  z.string().regex(/^[A-Za-z_][\w ]{0,63}$/, 'a param is an integer or a C identifier'),
]);
export type ParamValue = z.infer<typeof ParamValue>;

export const Params = z
  .record(Name, ParamValue)
  .refine((params) => Object.keys(params).length <= PARAMS_MAX, `at most ${PARAMS_MAX} params`);
export type Params = z.infer<typeof Params>;

/** In a header `true` and `false` stand for 1 and 0, as in C. */
const HeaderValue = z.union([ParamValue, z.boolean().transform(Number)]);

/** A list of values, or a range of integers; read as the list. */
export const SpaceAxis = z.preprocess(
  (given, context) => {
    if (typeof given !== 'string') return given;
    const values = valuesOfRange(given);
    if (typeof values !== 'string') return values;
    context.addIssue({ code: 'custom', message: values });
    return z.NEVER;
  },
  z
    .array(HeaderValue, { error: `must be a list of values, or a range: ${RANGE_FORM}` })
    .min(1)
    .max(VALUES_MAX),
);

/** Such as `BLOCK * VEC <= 1024` (condition.ts). */
export const SpaceCondition = z
  .string()
  .min(1)
  .max(500)
  .superRefine((text, context) => {
    try {
      compileCondition(text);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  });
/** What must hold of a point of the space. */
export const SpaceConditions = z.array(SpaceCondition).max(CONDITIONS_MAX);

/** Text is a name; the complaint about anything else is that about a number. */
const Argument = z.unknown().transform((given, context): string | Literal => {
  const parsed = (typeof given === 'string' ? Name : Literal).safeParse(given);
  if (parsed.success) return parsed.data;
  context.addIssue({ code: 'custom', message: parsed.error.issues[0]?.message ?? '' });
  return z.NEVER;
});

/** One kernel launch. `args` are names of tensors, shape variables, scalars, scratch buffers or lets, and numbers, in the kernel's order. */
export const Launch = z.strictObject({
  kernel: KernelName,
  /** Over params, shape variables and lets: in cases where it does not hold, the launch is left out. */
  when: SpaceCondition.optional(),
  /** Blocks per dimension; 1 to 3 entries. Ignored for `c`, where it may be left out. */
  grid: z.array(Expression).min(1).max(GRID_DIMS_MAX).default([1]),
  /** Threads per dimension; 1 to 3 entries. Ignored for `c` and `triton`. */
  block: z.array(Expression).min(1).max(GRID_DIMS_MAX).default([1]),
  /** Thread-block cluster dimensions (sm_90 and later). */
  cluster: z.array(Expression).min(1).max(GRID_DIMS_MAX).optional(),
  /** All blocks run at once, and may wait for each other (`grid.sync()`). Ignored for `c`. */
  cooperative: z.boolean().optional(),
  /** Dynamic shared memory, bytes. Ignored for `triton`, whose compiler decides it. */
  shared: Expression.default(0),
  args: z.array(Argument).max(ARGS_MAX),
});
export type Launch = z.infer<typeof Launch>;

/** On or off: `true` and `false` stand for 1 and 0. */
const Option = z.union([Expression, z.boolean().transform(Number)]);

/** Options of CUDA's compiler, by their own names: whatever else one may say to a compiler (files, macros, other programs) is out of a plan's reach. */
export const CompileOptions = z.strictObject({
  use_fast_math: Option.optional(),
  ftz: Option.optional(),
  prec_div: Option.optional(),
  prec_sqrt: Option.optional(),
  fmad: Option.optional(),
  extra_device_vectorization: Option.optional(),
  maxrregcount: Option.optional(),
  ptxas_opt_level: Option.optional(),
});
export type CompileOptions = z.infer<typeof CompileOptions>;

/** The header of a candidate: everything the judge needs to run its device code, as data. */
export const LaunchPlan = z
  .strictObject({
    params: z
      .record(Name, HeaderValue)
      .refine((params) => Object.keys(params).length <= PARAMS_MAX, `at most ${PARAMS_MAX} params`)
      .default({}),
    /** Name -> expression over params, shape variables and the lets before it: a value that other expressions, and arguments, use by its name. */
    let: z
      .record(Name, Expression)
      .refine((lets) => Object.keys(lets).length <= LETS_MAX, `at most ${LETS_MAX} lets`)
      .default({}),
    launch: z.array(Launch).min(1).max(LAUNCHES_MAX),
    /** Scratch buffers: name -> bytes. Their contents are undefined (poisoned) before every run. */
    scratch: z
      .record(Name, Expression)
      .refine((scratch) => Object.keys(scratch).length <= SCRATCH_MAX, `at most ${SCRATCH_MAX} scratch buffers`)
      .default({}),
    /**
     * Variable of the code (CUDA: `__constant__` or `__device__`; C: global) -> whose value is copied there before every run: an input tensor, a
     * shape variable, a scalar or a let.
     */
    symbols: z
      .record(Name, Name)
      .refine((symbols) => Object.keys(symbols).length <= SYMBOLS_MAX, `at most ${SYMBOLS_MAX} symbols`)
      .optional(),
    /**
     * Param -> the values worth trying, for tuning and the `evolve` generator. It changes nothing for the judge: a sweep or a submitter may
     * set other values.
     */
    space: z
      .record(Name, SpaceAxis)
      .refine((space) => Object.keys(space).length <= PARAMS_MAX, `at most ${PARAMS_MAX} params`)
      .optional(),
    /** What must hold of the params for a point to be worth trying. */
    where: SpaceConditions.optional(),
    /** What must hold of the params: others are no candidate. A sweep tries none of them. */
    constraints: SpaceConditions.optional(),
    /** CUDA only: expressions over params, since one compilation serves every case. */
    compile: CompileOptions.optional(),
    /** Triton only: warps per program and software pipelining depth; expressions, so that a sweep can set them through params. */
    num_warps: Expression.optional(),
    num_stages: Expression.optional(),
  })
  .superRefine((plan, context) => {
    for (const [name, values] of Object.entries(plan.space ?? {})) {
      const message = spaceComplaint(plan.params, name, values);
      if (message !== undefined) context.addIssue({ code: 'custom', path: ['space', name], message });
    }
  });
export type LaunchPlan = z.infer<typeof LaunchPlan>;

/** A value of another kind than the default would fail wherever an expression or the code uses the param. */
const spaceComplaint = (params: Params, name: string, values: readonly ParamValue[]): string | undefined => {
  const usual = ownValue(params, name);
  if (usual === undefined) {
    const declared = Object.keys(params).join(', ') || 'none';
    return `"params" declares no "${name}"; declared are ${declared}. Give it a default there, or take it out of the space`;
  }
  const other = values.find((value) => typeof value !== typeof usual);
  if (other !== undefined)
    return `${name} is ${kindOf(usual)} by default, so "${other}" cannot stand for it; use ${kindOf(usual)}`;
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  return twice === undefined ? undefined : `${twice} is there twice; name each value once`;
};

const kindOf = (value: ParamValue): string => (typeof value === 'number' ? 'an integer' : 'a C identifier');
