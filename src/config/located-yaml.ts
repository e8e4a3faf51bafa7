/** Reads a YAML file into a checked value; every complaint names file, line, column and field and says what to do. */
import type { z } from 'zod';
import { KilnError } from '../domain/errors.ts';
import { issueText } from '../platform/issue-text.ts';
import { fieldName, type FieldPath, fieldPath, parseYamlDocument } from '../platform/yaml-document.ts';

const FILE_BYTES_MAX = 1024 * 1024;
const PROBLEMS_SHOWN_MAX = 8;

/** A complaint about one field. The message never repeats the field's value: it may be a secret. */
export interface FieldProblem {
  readonly path: FieldPath;
  readonly message: string;
}

export interface LocatedYaml<T> {
  readonly value: T;
  /** Turns complaints found after parsing (missing files, duplicates) into one INVALID_CONFIG error. */
  readonly errorOf: (problems: readonly FieldProblem[]) => KilnError;
}

/** Throws KilnError INVALID_CONFIG. `file` is only named in messages; an empty text counts as an empty mapping. */
export const parseLocatedYaml = <T>(text: string, file: string, schema: z.ZodType<T>): LocatedYaml<T> => {
  if (Buffer.byteLength(text) > FILE_BYTES_MAX)
    throw invalid(`${file}: larger than ${FILE_BYTES_MAX} bytes; is it the right file?`);
  const { document, syntax, positionOf } = parseYamlDocument(text);
  if (syntax) throw invalid(`${file}:${syntax.at.line}:${syntax.at.column}: not valid YAML: ${syntax.message}`);
  const locate = ({ path, message }: FieldProblem): string => {
    const { line, column } = positionOf(path);
    return `${file}:${line}:${column}: ${path.length === 0 ? '' : `${fieldName(path)}: `}${message}`;
  };
  const errorOf = (problems: readonly FieldProblem[]): KilnError =>
    invalid(problems.slice(0, PROBLEMS_SHOWN_MAX).map(locate).join('\n'));
  const checked = schema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (!checked.success) throw errorOf(checked.error.issues.flatMap(problemsOf));
  return { value: checked.data, errorOf };
};

const invalid = (message: string): KilnError => new KilnError('INVALID_CONFIG', message);

/** zod's issue -> complaints; an unknown key becomes a complaint about that key, so that its own line is named. */
export const problemsOf = (issue: z.core.$ZodIssue): readonly FieldProblem[] => {
  const path = fieldPath(issue.path);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: [...path, key], message: issue.message }));
  return [{ path, message: issueText(issue) }];
};
