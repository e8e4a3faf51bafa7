/** What a runner is asked to make of a program: its build, and its recording. */
import { z } from 'zod';
import { EnvironmentName } from './environment.ts';
import { ContentHash } from './ids.ts';
import { ResolvedTensor } from './plan/resolved-plan.ts';
import { CASES_MAX, HIDDEN_SET_CASES } from './problem.ts';
import { Program, PROGRAM_FILES_MAX } from './program.ts';
import { ModelArguments } from './program-call.ts';

/** Every check case and every timed case of a problem, and the hidden ones. */
export const RECORDED_CASES_MAX = 2 * CASES_MAX + HIDDEN_SET_CASES;

/** A program to build: its entry file is imported once, without a GPU, by the environment's Python. */
export const ProgramUnit = z.strictObject({
  language: z.literal('python'),
  architecture: z.string(),
  /** The entry file among them. */
  files: Program.shape.files.unwrap().element.array().min(1).max(PROGRAM_FILES_MAX),
  entry: Program.shape.entry,
  environment: EnvironmentName,
});
export type ProgramUnit = z.infer<typeof ProgramUnit>;

/** A tensor of a case as a program gets it. */
const RecordedTensor = z.strictObject({
  ...ResolvedTensor.omit({ elements: true, tolerance: true, compare: true }).shape,
  shape: z.array(z.int().positive()).min(1).max(8),
});

/** A number as Python has it. */
const Value = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('int'), value: z.int() }),
  z.strictObject({ kind: z.literal('float'), value: z.number() }),
]);
export type Value = z.infer<typeof Value>;

/** What a program of the style `custom_kernel` is handed in one case. */
export type HandedData =
  | Value
  | { readonly kind: 'tensor'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: boolean | null }
  | { readonly kind: 'tuple'; readonly items: readonly HandedData[] }
  | { readonly kind: 'dict'; readonly entries: Readonly<Record<string, HandedData>> };
const HandedData: z.ZodType<HandedData> = z.lazy(() =>
  z.discriminatedUnion('kind', [
    ...Value.options,
    z.strictObject({ kind: z.literal('tensor'), name: z.string() }),
    z.strictObject({ kind: z.literal('constant'), value: z.boolean().nullable() }),
    z.strictObject({ kind: z.literal('tuple'), items: z.array(HandedData) }),
    z.strictObject({ kind: z.literal('dict'), entries: z.record(z.string(), HandedData) }),
  ]),
);

/** A case as a program gets it: its tensors in the problem's order. */
export const RecordedCase = z.strictObject({
  name: z.string(),
  tensors: z.array(RecordedTensor).min(1),
  /** Of the style `custom_kernel`; left out: a tuple of inputs, then outputs. */
  data: HandedData.optional(),
  /** Of functions: shape variables and scalars, handed to those whose signature names them. */
  values: z.record(z.string(), Value).optional(),
});
export type RecordedCase = z.infer<typeof RecordedCase>;

/** How a model is made: torch.manual_seed, then its constructor. */
export const ModelCall = z.strictObject({ init: ModelArguments, seed: z.int().min(0) });
export type ModelCall = z.infer<typeof ModelCall>;

const recorded = {
  cases: z.array(RecordedCase).min(1).max(RECORDED_CASES_MAX),
  /** Of the style `model`. */
  model: ModelCall.optional(),
};

/** Whose memory lies at addresses of its own: a candidate's is at others, so that it never has to make room. `inputs`: derives some of them. `verify`: the
 * problem's own check. */
export const OwnSide = z.enum(['reference', 'baseline', 'inputs', 'verify']);
export type OwnSide = z.infer<typeof OwnSide>;

/** A problem's own program, built and recorded by the host that judges. One that is both sides is recorded twice, on other inputs. */
export const RecordedSide = z.strictObject({ ...ProgramUnit.shape, ...recorded, side: OwnSide });
export type RecordedSide = z.infer<typeof RecordedSide>;

/**
 * A program that was built, to be recorded: called in its sandbox once for each case, on a device of that model. What it launched is the artifact that is
 * judged. By answers, nothing is called yet: its artifact says how it will be, each time that the judge hands it inputs.
 */
export const RecordUnit = z.strictObject({
  ...ProgramUnit.shape,
  /** The artifact of its build stage, on that host. */
  built: ContentHash,
  deviceModel: z.string(),
  ...recorded,
  /** It is called where a recording would be replayed, and its answers are timed. */
  by: z.literal('answers').optional(),
  /** Its addresses follow from all of this: with another number they are others. */
  again: z.int().positive().optional(),
});
export type RecordUnit = z.infer<typeof RecordUnit>;
