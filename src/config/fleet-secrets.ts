/** `${env:NAME}` and `${file:PATH}` in the values of a fleet file: what belongs in no file that others read. */
import { readFileSync } from 'node:fs';
import type { FieldPath } from '../platform/yaml-document.ts';
import type { FieldProblem } from './located-yaml.ts';
import { ownValue } from '../platform/own-value.ts';

const REFERENCE = /\$\{(env|file):([^}]*)\}/gu;
const SECRET_CHARS_MAX = 64 * 1024;

export interface Secrets {
  /** The same with what the references stand for. */
  readonly filled: (raw: unknown) => unknown;
  /** References that stand for nothing. */
  readonly problems: readonly FieldProblem[];
  /** What was filled in: not to be shown. */
  readonly values: ReadonlySet<string>;
}

interface Place {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly absolute: (path: string) => string;
  /** Told each file before it is read. */
  readonly onRead: (file: string) => void;
}

export const createSecrets = (place: Place): Secrets => {
  const problems: FieldProblem[] = [];
  const values = new Set<string>();
  const read = (name: string): string | undefined => {
    const file = place.absolute(name);
    place.onRead(file);
    return readSecret(file);
  };
  const fill = (value: unknown, path: FieldPath): unknown => {
    if (typeof value === 'string') return value.replaceAll(REFERENCE, (_, kind: string, name: string) => one(kind, name, path));
    if (Array.isArray(value)) return value.map((item: unknown, index) => fill(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fill(item, [...path, name])]));
  };
  const one = (kind: string, name: string, path: FieldPath): string => {
    const found = kind === 'env' ? ownValue(place.env, name) : read(name);
    if (found !== undefined && found !== '') {
      values.add(found);
      return found;
    }
    const what = kind === 'env' ? `the variable ${name} of the daemon is not set` : `${name} cannot be read, or is empty`;
    problems.push({ path, message: what });
    // Told with what else is wrong: the checks that follow must not stumble over nothing.
    return 'missing';
  };
  return { filled: (raw) => fill(raw, []), problems, values };
};

/** Editors end files with a line break. */
const readSecret = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8').slice(0, SECRET_CHARS_MAX).trimEnd();
  } catch {
    return undefined;
  }
};
