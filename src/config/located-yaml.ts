/** Reads a YAML file into a checked value; every complaint names file, line, column and field and says what to do. */
import { isMap, isNode, isSeq, LineCounter, type Node, type ParsedNode, parseDocument } from 'yaml';
import type { z } from 'zod';
import { KilnError } from '../domain/errors.ts';
import { issueText } from '../platform/issue-text.ts';

const FILE_BYTES_MAX = 1024 * 1024;
const PROBLEMS_SHOWN_MAX = 8;

export type FieldPath = readonly (string | number)[];

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
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, stringKeys: true });
  const [syntax] = document.errors;
  if (syntax) {
    const { line, col } = lines.linePos(syntax.pos[0]);
    throw invalid(`${file}:${line}:${col}: not valid YAML: ${syntax.message}`);
  }
  const errorOf = (problems: readonly FieldProblem[]): KilnError =>
    invalid(
      problems
        .slice(0, PROBLEMS_SHOWN_MAX)
        .map((problem) => locate(problem, { root: document.contents, file, lines }))
        .join('\n'),
    );
  const checked = schema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (!checked.success) throw errorOf(checked.error.issues.flatMap(problemsOf));
  return { value: checked.data, errorOf };
};

const invalid = (message: string): KilnError => new KilnError('INVALID_CONFIG', message);

/** zod's issue -> complaints; an unknown key becomes a complaint about that key, so that its own line is named. */
export const problemsOf = (issue: z.core.$ZodIssue): readonly FieldProblem[] => {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: [...path, key], message: issue.message }));
  return [{ path, message: issueText(issue) }];
};

export const fieldName = (path: FieldPath): string =>
  path.reduce<string>(
    (name, part) => (typeof part === 'number' ? `${name}[${part}]` : name === '' ? part : `${name}.${part}`),
    '',
  );

interface Place {
  readonly root: ParsedNode | null;
  readonly file: string;
  readonly lines: LineCounter;
}

const locate = ({ path, message }: FieldProblem, { root, file, lines }: Place): string => {
  const { line, col } = lines.linePos(offsetOf(root, path));
  const field = path.length === 0 ? '' : `${fieldName(path)}: `;
  return `${file}:${line}:${col}: ${field}${message}`;
};

/** Where the field starts: its key in a mapping, its item in a list, or the deepest parent that exists. */
const offsetOf = (root: Node | null, path: FieldPath): number => {
  let node = root;
  let offset = root?.range?.[0] ?? 0;
  for (const part of path) {
    const next = childOf(node, part);
    if (next === undefined) break;
    offset = next.offset;
    node = next.value;
  }
  return offset;
};

interface Child {
  readonly offset: number;
  readonly value: Node | null;
}

const childOf = (node: Node | null, part: string | number): Child | undefined => {
  if (isMap(node)) {
    const pair = node.items.find((item) => isNode(item.key) && String(item.key) === String(part));
    return pair && isNode(pair.key) ? child(pair.key, pair.value) : undefined;
  }
  const item: unknown = isSeq(node) ? node.items[Number(part)] : undefined;
  return isNode(item) ? child(item, item) : undefined;
};

const child = (start: Node, value: unknown): Child => ({ offset: start.range?.[0] ?? 0, value: isNode(value) ? value : null });
