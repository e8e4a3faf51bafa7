import type { z } from 'zod';

/** What YAML, JSON and people call the types that zod names. */
const WORDS: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a set of fields',
  record: 'a set of fields',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};
const worded = (type: string): string => WORDS[type] ?? type;

/** A complaint of zod in the words of this project. `undefined` is JavaScript's word for what YAML or JSON does not hold. */
export const issueText = (issue: Pick<z.core.$ZodIssue, 'message'>): string =>
  issue.message
    .replace(/^Invalid input: /, '')
    .replace(/^expected .*, received undefined$/, 'is missing')
    .replace(
      /^expected (\w+), received (\w+)$/,
      (_, wanted: string, given: string) => `must be ${worded(wanted)}, not ${worded(given)}`,
    )
    .replace(/^Invalid option: expected one of (.+)$/, (_, options: string) => `must be one of ${options.replaceAll('|', ', ')}`)
    .replace(/^Unrecognized keys?: /, 'unknown field ');

/** ["body", "candidates", 3, "source"] -> "body.candidates[3].source" */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`)).join('');

const ISSUES_SHOWN_MAX = 4;

/** What is wrong with which fields, in one line. */
export const issuesText = ({ issues }: Pick<z.core.$ZodError, 'issues'>): string =>
  issues
    .slice(0, ISSUES_SHOWN_MAX)
    .map((issue) => `${pathText(issue.path)}: ${issueText(issue)}`)
    .join('; ');
