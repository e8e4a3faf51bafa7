import type { z } from 'zod';

/** A complaint of zod in the words of this project. `undefined` is JavaScript's word for what YAML or JSON does not hold. */
export const issueText = (issue: Pick<z.core.$ZodIssue, 'message'>): string =>
  issue.message.replace(/^Invalid input: /, '').replace(/^expected .*, received undefined$/, 'is missing');
