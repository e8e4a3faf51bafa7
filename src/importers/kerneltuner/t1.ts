/** The T1 form of a tuning problem, as far as it is taken. Other fields may stand beside these. */
import { z } from 'zod';
import { KilnError } from '../../domain/errors.ts';
import { issuesText } from '../../platform/issue-text.ts';

const Whole = z.union([z.int(), z.string()]);
const Sizes = z.object({ X: z.string(), Y: z.string().optional(), Z: z.string().optional() });
export type Sizes = z.infer<typeof Sizes>;
const Divisors = z.array(z.string()).nullish();

const Parameter = z.object({
  Name: z.string(),
  Type: z.enum(['int', 'uint', 'float', 'bool', 'string']),
  /** A Python list, in a text. */
  Values: z.string(),
  Default: z.union([z.number(), z.string(), z.boolean()]).optional(),
});
export type Parameter = z.infer<typeof Parameter>;

const Argument = z.object({
  Name: z.string().optional(),
  Type: z.string(),
  Size: Whole.optional(),
  FillType: z.enum(['Constant', 'Random', 'Generator', 'Script', 'BinaryRaw', 'BinaryHDF']).optional(),
  FillValue: z.number().optional(),
  AccessType: z.enum(['ReadOnly', 'WriteOnly', 'ReadWrite']).optional(),
  MemoryType: z.enum(['Scalar', 'Vector', 'Local', 'Symbol']),
  MemType: z.string().optional(),
  Output: z.union([z.number(), z.boolean()]).optional(),
});
export type Argument = z.infer<typeof Argument>;

export const T1 = z.object({
  ConfigurationSpace: z.object({
    TuningParameters: z.array(Parameter).min(1),
    Conditions: z.array(z.object({ Expression: z.string() })).default([]),
  }),
  KernelSpecification: z.object({
    Language: z.string(),
    CompilerOptions: z.array(z.string()).default([]),
    KernelName: z.string(),
    KernelFile: z.string(),
    GlobalSize: Sizes,
    GlobalSizeType: z.enum(['OpenCL', 'CUDA', 'Vulkan']).optional(),
    LocalSize: Sizes,
    SharedMemory: z.int().min(0).nullish(),
    ProblemSize: z.union([Whole, z.array(Whole)]).optional(),
    GridDivX: Divisors,
    GridDivY: Divisors,
    GridDivZ: Divisors,
    Arguments: z.array(Argument).default([]),
  }),
  Search: z.object({ Name: z.string() }).optional(),
  Budget: z
    .array(z.object({ Type: z.enum(['TuningDuration', 'ConfigurationCount', 'ConfigurationFraction']), BudgetValue: z.number() }))
    .default([]),
  General: z.object({ BenchmarkName: z.string().optional() }).default({}),
});
export type T1 = z.infer<typeof T1>;

/** Throws INVALID_REQUEST that names file and fields. */
export const parseT1 = (text: string, file: string): T1 => {
  const parsed = T1.safeParse(jsonOf(text, file));
  if (parsed.success) return parsed.data;
  throw new KilnError('INVALID_REQUEST', `${file}: ${issuesText(parsed.error)}`);
};

const jsonOf = (text: string, file: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KilnError('INVALID_REQUEST', `${file} is no JSON: give a tuning problem in the T1 form`, { cause });
  }
};
