/** Documents of FlashInfer-Trace as far as they are taken: definitions, workloads and solutions. Unknown fields are left out. */
import { z } from 'zod';
import { issuesText } from '../../platform/issue-text.ts';
import { RefusedFile } from '../programs/refused-file.ts';

const Axis = z.discriminatedUnion('type', [
  z.object({ type: z.literal('const'), value: z.int().positive() }),
  z.object({ type: z.literal('var') }),
]);

/** `shape`: names of axes; null: a single number. */
const Tensor = z.object({ shape: z.array(z.string()).max(8).nullable(), dtype: z.string() });
export type TraceTensor = z.infer<typeof Tensor>;

export const Definition = z.object({
  name: z.string().min(1).max(200),
  description: z.string().nullish(),
  axes: z.record(z.string(), Axis),
  inputs: z.record(z.string(), Tensor),
  outputs: z.record(z.string(), Tensor),
  reference: z.string().min(1),
});
export type Definition = z.infer<typeof Definition>;

const Input = z.discriminatedUnion('type', [
  z.object({ type: z.literal('random') }),
  z.object({ type: z.literal('scalar'), value: z.union([z.number(), z.boolean()]) }),
  z.object({ type: z.literal('safetensors'), path: z.string() }),
]);

const Workload = z.object({
  uuid: z.string().min(1).max(64),
  axes: z.record(z.string(), z.int().nonnegative()),
  inputs: z.record(z.string(), Input),
});
export type Workload = z.infer<typeof Workload>;

/** One line of a workload file. */
export const WorkloadLine = z.object({ definition: z.string(), workload: Workload });

export const Solution = z.object({
  name: z.string().min(1),
  definition: z.string().min(1),
  spec: z.object({
    language: z.string(),
    /** "main.py::run" */
    entry_point: z.string().regex(/^[^:]+::\w+$/u, 'must be FILE::NAME'),
    dependencies: z.array(z.string()).default([]),
    /** The outputs are handed over, and written to. */
    destination_passing_style: z.boolean().default(true),
  }),
  sources: z.array(z.object({ path: z.string(), content: z.string() })).min(1),
});
export type Solution = z.infer<typeof Solution>;

/** Throws RefusedFile saying what is wrong with it. */
export const parseDocument = <T>(text: string, schema: z.ZodType<T>, what: string): T => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new RefusedFile(`it is no JSON: ${error.message}`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RefusedFile(`it is no ${what} of FlashInfer-Trace: ${issuesText(parsed.error)}`);
};
