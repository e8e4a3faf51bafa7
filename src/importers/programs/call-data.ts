/** What a program is handed, by the names of problem.yaml. Pure. */
import type { CallData } from '../../domain/program-call.ts';
import type { Tree } from './described.ts';
import { freeName, identifierOf } from './names.ts';
import { RefusedFile } from './refused-file.ts';
import type { Shapes } from './shapes.ts';

/** Of problem.yaml: numbers that are handed over by name. */
export type Scalars = Record<string, { readonly dtype: 'f64'; readonly value: number }>;

interface Naming {
  readonly names: readonly string[];
  readonly shapes: Shapes;
  /** Numbers that only a scalar can hold are added. */
  readonly scalars: Scalars;
}

/** `trees`: of each case, of one form. */
export const callDataOf = (trees: readonly Tree[], naming: Naming): CallData => resolve(trees, naming, 'data');

const resolve = (trees: readonly Tree[], naming: Naming, wish: string): CallData => {
  const [tree] = trees;
  if (tree === undefined) return [];
  if ('tensor' in tree) return naming.names[tree.tensor] ?? '';
  if ('constant' in tree) return tree.constant;
  if ('tuple' in tree)
    return tree.tuple.map((_part, at) =>
      resolve(
        trees.flatMap((one) => ('tuple' in one ? (one.tuple[at] ?? []) : [])),
        naming,
        `${wish}_${at}`,
      ),
    );
  if ('dict' in tree)
    return Object.fromEntries(
      Object.keys(tree.dict).map((key) => [
        key,
        resolve(
          trees.flatMap((one) => ('dict' in one ? (one.dict[key] ?? []) : [])),
          naming,
          key,
        ),
      ]),
    );
  return numberOf(
    trees.flatMap((one) => ('number' in one ? [one.number] : [])),
    { isFloat: tree.float, naming, wish },
  );
};

interface Number {
  readonly isFloat: boolean;
  readonly naming: Naming;
  readonly wish: string;
}

const numberOf = (column: readonly number[], { isFloat, naming, wish }: Number): CallData => {
  const [first = 0] = column;
  const isSame = column.every((value) => value === first);
  if (isFloat) {
    if (!isSame) throw new RefusedFile(`${wish} is a fraction that changes from case to case`);
    // In YAML 1.0 is 1, which Python would get as an int.
    return Number.isInteger(first) ? scalarOf(first, naming, wish) : first;
  }
  if (isSame && first < 2) return first;
  const found = naming.shapes.expression(column, wish);
  if (typeof found === 'number' || /^\w+$/u.test(found)) return found;
  return naming.shapes.own(column, wish);
};

const scalarOf = (value: number, { shapes, scalars }: Naming, wish: string): string => {
  const name = freeName(identifierOf(wish), shapes.taken);
  scalars[name] = { dtype: 'f64', value };
  return name;
};
