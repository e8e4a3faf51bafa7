/** YAML that people and programs hand us, parsed strictly: unique keys, no aliases, bounded size, errors with field and line. */
import { type Document, isAlias, isNode, visit } from 'yaml';
import type { z } from 'zod';
import { WHOLE_FLOAT } from '../domain/program-call.ts';
import { issueText } from '../platform/issue-text.ts';
import {
  fieldName,
  type FieldPath,
  fieldPath,
  parseYamlDocument,
  type Position,
  type YamlDocument,
} from '../platform/yaml-document.ts';

const FIRST_ISSUES_MAX = 5;
/** The YAML parser's time grows with the square of these; a hostile text must not hold up everyone else. */
const LINES_MAX = 1000;
const LINE_CHARS_MAX = 4096;
const NESTING_MAX = 32;
/** Stands for a comma inside parentheses while YAML reads the text; a private code point, of the same length. */
const CALL_COMMA = '\uE000';

export interface YamlText {
  readonly text: string;
  /** Line of the whole file on which `text` starts, from 1. */
  readonly firstLine: number;
  readonly bytesMax: number;
  /** Below these fields 1.0 is `{[WHOLE_FLOAT]: 1}`, as Python has it, and 1 is 1. */
  readonly wholeFloatsBelow?: readonly FieldPath[];
}

/** `field` is a path such as `launch[0].grid[1]`, or the `rootField` given for what belongs to the document as a whole. */
export type YamlResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly field: string; readonly message: string };

interface Parsed extends YamlDocument {
  readonly firstLine: number;
}

/** Parses and validates. Never throws for what the text holds. */
export const parseYaml = <T>(input: YamlText, schema: z.ZodType<T>, rootField: string): YamlResult<T> => {
  const bytes = Buffer.byteLength(input.text);
  const fail = (message: string, field = rootField): YamlResult<T> => ({ ok: false, field, message });
  if (bytes > input.bytesMax) return fail(`${bytes} bytes of YAML; the limit is ${input.bytesMax}`);
  const parsed = shapeComplaint(input.text) ?? parseText(input);
  if (typeof parsed === 'string') return fail(parsed);
  for (const path of input.wholeFloatsBelow ?? []) keepWholeFloats(parsed.document, path);
  const checked = schema.safeParse(toValue(parsed.document));
  if (checked.success) return { ok: true, value: checked.data };
  const [first, ...rest] = checked.error.issues.slice(0, FIRST_ISSUES_MAX).map((issue) => describe(parsed, issue));
  const more = rest.map(({ field, line, text }) => `${line}: ${field === '' ? '' : `${field}: `}${text}`);
  return fail([`${first?.line}: ${first?.text}`, ...more].join('; '), first?.field || rootField);
};

/** What makes the text dear to parse, before it is parsed. */
const shapeComplaint = (text: string): string | undefined => {
  const lines = text.split('\n');
  if (lines.length > LINES_MAX) return `${lines.length} lines of YAML; the limit is ${LINES_MAX}`;
  if (lines.some((line) => line.length > LINE_CHARS_MAX)) return `a line of YAML is longer than ${LINE_CHARS_MAX} characters`;
  let depth = 0;
  for (const mark of text.match(/[[\]{}]/g) ?? []) {
    depth += mark === '[' || mark === '{' ? 1 : -1;
    if (depth > NESTING_MAX) return `the YAML is nested deeper than ${NESTING_MAX}`;
  }
  return undefined;
};

/** The document, or what is wrong with the text. */
const parseText = ({ text, firstLine }: YamlText): Parsed | string => {
  try {
    const parsed = { ...parseYamlDocument(protectCalls(text)), firstLine };
    const { syntax } = parsed;
    return syntax ? `line ${lineOf(parsed, syntax.at)}: ${syntax.message}` : (aliasIn(parsed) ?? parsed);
  } catch (error) {
    // The parser recurses: text made of thousands of nested brackets ends the stack.
    if (error instanceof RangeError) return 'the YAML is nested too deep';
    throw error;
  }
};

/** `[ceil_div(n, 256)]` is one expression to people, but two entries to YAML: the comma of a call must not end an entry. */
const protectCalls = (text: string): string => {
  let depth = 0;
  return text.replaceAll(/[(),\n]/g, (mark) => {
    if (mark === '(') depth += 1;
    else if (mark === ')') depth = Math.max(0, depth - 1);
    else if (mark === '\n') depth = 0;
    else if (depth > 0) return CALL_COMMA;
    return mark;
  });
};

const toValue = (document: Document.Parsed): unknown => document.toJS({ maxAliasCount: 0, reviver: restoreCalls });

const keepWholeFloats = (document: Document.Parsed, path: FieldPath): void => {
  const below = document.getIn(path, true);
  if (!isNode(below)) return;
  visit(below, {
    Scalar: (_key, scalar) => {
      if (typeof scalar.value === 'number' && Number.isInteger(scalar.value) && /[.e]/iu.test(scalar.source ?? ''))
        scalar.value = { [WHOLE_FLOAT]: scalar.value };
    },
  });
};

const restoreCalls = (_key: unknown, value: unknown): unknown =>
  typeof value === 'string' ? value.replaceAll(CALL_COMMA, ',') : value;

const aliasIn = (parsed: Parsed): string | undefined => {
  let found: string | undefined;
  visit(parsed.document, (_key, node) => {
    if (!isAlias(node)) return undefined;
    found = `line ${lineOf(parsed, parsed.positionAt(node.range?.[0] ?? 0))}: aliases (*${node.source}) are not allowed; write the value out`;
    return visit.BREAK;
  });
  return found;
};

const describe = (parsed: Parsed, issue: z.core.$ZodIssue) => {
  const path = fieldPath(issue.path);
  return { field: fieldName(path), line: `line ${lineOf(parsed, parsed.positionOf(path))}`, text: issueText(issue) };
};

/** Of the whole file. */
const lineOf = ({ firstLine }: Pick<Parsed, 'firstLine'>, { line }: Position): number => line + firstLine - 1;
