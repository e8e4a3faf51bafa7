/** YAML that knows where each of its fields stands, for complaints that name a line. */
import { type Document, isMap, isNode, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

export type FieldPath = readonly (string | number)[];

/** Both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlDocument {
  readonly document: Document.Parsed;
  /** What makes the text no YAML; null where there is nothing. */
  readonly syntax: { readonly message: string; readonly at: Position } | null;
  readonly positionAt: (offset: number) => Position;
  /** Where the field starts: its key in a mapping, its item in a list, or the deepest parent that exists. */
  readonly positionOf: (path: FieldPath) => Position;
}

/** Keys are unique strings. Throws RangeError for what is nested too deep. */
export const parseYamlDocument = (text: string): YamlDocument => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, stringKeys: true });
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [error] = document.errors;
  return {
    document,
    syntax: error ? { message: error.message, at: positionAt(error.pos[0]) } : null,
    positionAt,
    positionOf: (path) => positionAt(offsetOf(document.contents, path)),
  };
};

/** `['launch', 0, 'grid']` -> `launch[0].grid` */
export const fieldName = (path: FieldPath): string =>
  path.reduce<string>(
    (name, part) => (typeof part === 'number' ? `${name}[${part}]` : name === '' ? part : `${name}.${part}`),
    '',
  );

/** Of a zod issue. */
export const fieldPath = (path: readonly PropertyKey[]): FieldPath => path.filter((part) => typeof part !== 'symbol');

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
