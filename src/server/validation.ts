/** Requests are checked by the contracts' zod schemas; what is wrong is told by field path. */
import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { BATCH_MAX } from '../domain/api/limits.ts';
import { KilnError } from '../domain/errors.ts';
import { issueText, pathText } from '../platform/issue-text.ts';

const ISSUES_SHOWN_MAX = 20;
type Issue = z.core.$ZodIssue;
interface ExplainedIssue {
  readonly path: string;
  readonly message: string;
}

/** Returns `{value}` (defaults filled in) or `{error}`: INVALID_REQUEST or BATCH_TOO_LARGE with every field path in `details.issues`. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const part = httpPart === 'querystring' ? 'query' : (httpPart ?? 'body');
  return (data: unknown) => {
    const parsed = schema.safeParse(data);
    return parsed.success ? { value: parsed.data } : { error: requestError(part, parsed.error.issues) };
  };
};

const requestError = (part: string, issues: readonly Issue[]): KilnError => {
  const explained = issues.flatMap((issue) => explain(issue, [part]));
  if (explained.some((issue) => issue.path === 'body.candidates' && issue.message.startsWith('Too big'))) {
    return new KilnError('BATCH_TOO_LARGE', `body.candidates: at most ${BATCH_MAX} candidates in one request: send several`);
  }
  const [first] = explained;
  const more = explained.length > 1 ? ` (and ${explained.length - 1} more, see details)` : '';
  return new KilnError(
    'INVALID_REQUEST',
    `${first?.path ?? part}: ${first?.message ?? 'invalid'}${more}; /docs shows what is expected`,
    {
      details: { issues: explained.slice(0, ISSUES_SHOWN_MAX) },
    },
  );
};

const explain = (issue: Issue, parents: readonly PropertyKey[]): readonly ExplainedIssue[] => {
  const path = [...parents, ...issue.path];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ path: pathText(path), message: issueText(issue) }];
  if (issue.errors.every(isOneValue)) {
    const messages = new Set(issue.errors.flat().map((inner) => issueText(inner)));
    return [{ path: pathText(path), message: [...messages].join(', or: ') }];
  }
  return closest(issue.errors).flatMap((inner) => explain(inner, path));
};

/** Both sides of a union of plain values are wrong about the same value: say what either wants. */
const isOneValue = (branch: readonly Issue[]): boolean => branch.length === 1 && branch[0]?.path.length === 0;

/** The branch of a union that the sender most likely meant: one that knows all the keys sent, then the one with the fewest faults. */
const closest = (branches: readonly (readonly Issue[])[]): readonly Issue[] =>
  branches.toSorted((a, b) => unknownKeys(a) - unknownKeys(b) || a.length - b.length)[0] ?? [];

const unknownKeys = (branch: readonly Issue[]): number =>
  branch.filter((issue) => issue.code === 'unrecognized_keys' && issue.path.length === 0).length;
