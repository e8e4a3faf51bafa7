/** What options and files give, put together. */
import type { z } from 'zod';
import { KilnError } from '../../domain/errors.ts';
import { issuesText } from '../../platform/issue-text.ts';

/** Of an option that is repeatable. */
export const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

/** Without what was not given. */
export const given = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** Throws INVALID_REQUEST that names the fields. */
export const checked = <Schema extends z.ZodType>(schema: Schema, request: unknown): z.output<Schema> => {
  const parsed = schema.safeParse(request);
  if (parsed.success) return parsed.data;
  throw new KilnError('INVALID_REQUEST', issuesText(parsed.error));
};
