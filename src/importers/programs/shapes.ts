/** Shape variables of a problem, and its tensors' shapes by them. Pure. */
import { type Column, expressionOf } from './columns.ts';
import { freeName, identifierOf } from './names.ts';
import { RefusedFile } from './refused-file.ts';
import { ownValue } from '../../platform/own-value.ts';

export const VARIABLES_MAX = 16;

export interface Shapes {
  /** Of what is the same at a place in all cases; a column that no expression fits becomes a variable. */
  readonly expression: (column: Column, wish: string) => string | number;
  /** A variable of its own, named after `wish`. */
  readonly own: (column: Column, wish: string) => string;
  /** What changes between the arguments of the cases is named by something. */
  readonly useArguments: () => void;
  /** Those that something names, with their values in the order of the cases. At least one. */
  readonly variables: () => ReadonlyMap<string, readonly number[]>;
  /** What is a name already. */
  readonly taken: Set<string>;
}

export interface ShapeOptions {
  /** Of what the cases were given: whole numbers above 0 become variables. */
  readonly args: readonly Readonly<Record<string, unknown>>[];
  /** One case: every size becomes a variable, while there are names for them. */
  readonly isSingle: boolean;
  readonly taken: Set<string>;
}

export const createShapes = ({ args, isSingle, taken }: ShapeOptions): Shapes => {
  const known = new Map<string, readonly number[]>();
  const used = new Set<string>();
  for (const name of Object.keys(args[0] ?? {})) {
    const values = args.map((one) => ownValue(one, name));
    if (values.every(isSize)) known.set(freeName(identifierOf(name), taken), values);
  }
  const add = (column: Column, wish: string): string => {
    const values = column.filter((value) => value !== null);
    if (values.length < column.length)
      throw new RefusedFile(`${wish}: the reference did not run in every case, and its sizes are no expression of the arguments`);
    if (!values.every(isSize))
      throw new RefusedFile(
        `${wish} is ${column.join(', ')} in the cases; what changes from case to case is a whole number above 0`,
      );
    if (known.size >= VARIABLES_MAX) throw new RefusedFile(`more than ${VARIABLES_MAX} sizes change from case to case`);
    const name = freeName(identifierOf(wish), taken);
    known.set(name, values);
    used.add(name);
    return name;
  };
  const expression = (column: Column, wish: string): string | number => {
    const found = expressionOf(column, known);
    if (found === null) return add(column, wish);
    if (typeof found === 'number') return isSingle && found > 1 && known.size < VARIABLES_MAX ? add(column, wish) : found;
    for (const name of known.keys()) if (new RegExp(`\\b${name}\\b`, 'u').test(found)) used.add(name);
    return found;
  };
  const useArguments = (): void => {
    for (const [name, values] of known) if (new Set(values).size > 1) used.add(name);
  };
  const variables = (): ReadonlyMap<string, readonly number[]> => {
    // A problem has one at least, though all sizes be numbers.
    if (used.size === 0)
      used.add(
        [...known.keys()][0] ??
          add(
            args.map(() => 1),
            'one',
          ),
      );
    return new Map([...known].filter(([name]) => used.has(name)));
  };
  return { expression, own: add, useArguments, variables, taken };
};

const isSize = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
