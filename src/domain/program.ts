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

/** Why these are not the files of one program; null where they are. Names that differ in the case of their letters alone are one. */
export const filesComplaint = (files: readonly { readonly path: string; readonly content: string }[]): string | null => {
  if (files.length > PROGRAM_FILES_MAX)
    return `${files.length} files with the entry and those of the problem; the limit is ${PROGRAM_FILES_MAX}`;
  const names = files.map(({ path }) => path.toLowerCase());
  const twice = files.find((_file, at) => names.indexOf(names[at] ?? '') !== at);
  if (twice) return `two files have one name: ${twice.path}`;
  const folders = new Set(names.flatMap((name) => parentsOf(name)));
  const both = files.find((_file, at) => folders.has(names[at] ?? ''));
  if (both) return `${both.path} is a file and a folder`;
  const bytes = files.reduce((sum, { content }) => sum + new TextEncoder().encode(content).length, 0);
  return bytes > PROGRAM_BYTES_MAX ? `${bytes} bytes together; the limit is ${PROGRAM_BYTES_MAX}` : null;
};

const parentsOf = (path: string): readonly string[] => {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
};

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
