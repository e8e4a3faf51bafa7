/** What makes a candidate in Python a program: its other files, what is called, and where it runs. The entry file is the candidate's source. */
import { z } from 'zod';
import { EnvironmentName } from './environment.ts';
import { ContentHash } from './ids.ts';
import { PlainText } from './plain-text.ts';

export const PROGRAM_FILES_MAX = 32;
export const PROGRAM_BYTES_MAX = 1024 * 1024;

export const FilePath = z
  .string()
  .max(600)
  .regex(
    /^[A-Za-z0-9_][\w.-]{0,99}(?:\/[A-Za-z0-9_][\w.-]{0,99}){0,5}$/,
    'a path has letters, digits, _, . and - in at most 6 parts, none of them hidden',
  );

export const ProgramStyle = z.enum(['custom_kernel', 'model', 'function', 'function_dps']);
export type ProgramStyle = z.infer<typeof ProgramStyle>;

export const Program = z.strictObject({
  /** Beside the entry file. */
  files: z
    .array(z.strictObject({ path: FilePath, content: PlainText }))
    .max(PROGRAM_FILES_MAX - 1)
    .default([]),
  entry: z.strictObject({
    /** What the entry file is called. */
    file: FilePath.endsWith('.py'),
    /** What is called in it. */
    symbol: z.string().regex(/^[A-Za-z_]\w{0,127}$/, 'a symbol is a name of Python'),
    /** How: with a tuple of tensors, as a module that is built first, with tensors by name, with the outputs too. */
    style: ProgramStyle,
  }),
  environment: EnvironmentName.default('torch'),
  prefer: z.enum(['recorded', 'program']).default('recorded'),
});
export type Program = z.infer<typeof Program>;

/** What the message of verdict `contract` begins with where a program may be right, and what it does is no list of launches. */
export const NOT_RECORDABLE = 'it cannot be recorded: ';

/** As part of a candidate's content. The key is null while no host records programs of that environment. */
export const ProgramContent = z.strictObject({ ...Program.shape, environmentKey: ContentHash.nullable() });
export type ProgramContent = z.infer<typeof ProgramContent>;
