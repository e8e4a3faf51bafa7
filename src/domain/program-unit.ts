/** What a runner is asked to make of a program: its build, and its recording. */
import { z } from 'zod';
import { EnvironmentName } from './environment.ts';
import { ContentHash } from './ids.ts';
import { ResolvedTensor } from './plan/resolved-plan.ts';
import { Program, PROGRAM_FILES_MAX } from './program.ts';

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

/** A case as a program gets it: its tensors in the problem's order. */
export const RecordedCase = z.strictObject({ name: z.string(), tensors: z.array(RecordedTensor).min(1) });
export type RecordedCase = z.infer<typeof RecordedCase>;

/**
 * A program that was built, to be recorded: called in its sandbox once for each case, on a device of that model. What it launched is the artifact that is
 * judged.
 */
export const RecordUnit = z.strictObject({
  ...ProgramUnit.shape,
  /** The artifact of its build stage, on that host. */
  built: ContentHash,
  deviceModel: z.string(),
  cases: z.array(RecordedCase).min(1).max(64),
});
export type RecordUnit = z.infer<typeof RecordUnit>;
