/** Tensors of a problem, from those of all its cases. Pure. */
import { INTEGER_TYPES } from '../../domain/plan/dtype.ts';
import { type DistributionSpec, TENSORS_MAX, type TensorSpec, type Tolerance } from '../../domain/problem.ts';
import { derivedOf, type Drawn, drawnOf, integersOf } from './draws.ts';
import { EXACT } from './element-types.ts';
import type { KeptCase } from './kept-cases.ts';
import { freeName, identifierOf } from './names.ts';
import { RefusedFile } from './refused-file.ts';
import type { Roles } from './roles.ts';
import type { Shapes } from './shapes.ts';

interface Making {
  readonly kept: readonly KeptCase[];
  /** Inputs are computed by the file's own code: nothing is drawn but what is never set. */
  readonly isDerived: boolean;
  readonly names: readonly string[];
  readonly roles: Roles;
  readonly shapes: Shapes;
  readonly taken: Set<string>;
}

/** Checked as a whole by the problem's own schema. */
type TensorText = Omit<TensorSpec, 'dtype' | 'distribution'> & {
  readonly dtype: string | undefined;
  readonly distribution?: DistributionSpec;
};

type Named = readonly [name: string, tensor: TensorText];

interface Tensors {
  readonly tensors: Readonly<Record<string, TensorText>>;
  readonly drawn: ReadonlyMap<string, Drawn>;
}

/** Inputs as they are handed over, and outputs in the order in which they are returned. */
export const tensorsOf = ({ kept, isDerived, names, roles, shapes, taken }: Making): Tensors => {
  const drawn = new Map<string, Drawn>();
  const shapeOf = (shapesThere: readonly (readonly number[] | null)[], name: string): (string | number)[] => {
    const axes = shapesThere.find((shape) => shape !== null)?.length ?? 0;
    // A single number has one axis here.
    if (axes === 0) return [1];
    return Array.from({ length: axes }, (_, axis) =>
      shapes.expression(
        shapesThere.map((shape) => shape?.[axis] ?? null),
        `${name}_${axis}`,
      ),
    );
  };
  const given = names.map((name, index): Named => {
    const role = roles.given[index] ?? 'in';
    const there = kept.map(({ found }) => found.tensors[index]);
    const shape = shapeOf(
      there.map((tensor) => tensor?.shape ?? null),
      name,
    );
    const dtype = there[0]?.dtype;
    if (role === 'out') return [name, { dtype, shape, role, ...exactly(dtype) }];
    const found = there.flatMap((tensor) => (tensor ? [tensor] : []));
    if (isDerived && found.some(({ draw }) => draw.kind !== 'empty')) {
      if (role === 'inout') throw new RefusedFile(`the reference changes \`${name}\`, which is computed from what is drawn`);
      const integers = found.map(({ draw, shape: sizes }) => integersOf(draw, sizes.at(-1)) ?? draw);
      return [
        name,
        { dtype, shape, role, distribution: derivedOf(INTEGER_TYPES.has(dtype ?? '') ? integers : [], shapes, name) },
      ];
    }
    const draws = drawnOf(
      found.map(({ draw }) => draw),
      shapes,
      name,
    );
    drawn.set(name, draws);
    return [name, { dtype, shape, role, distribution: draws.distribution, ...(role === 'inout' && exactly(dtype)) }];
  });
  const ran = kept.map(({ found }) => found.outputs);
  const outputs = roles.outputs.map((tensor, at): Named | undefined => {
    if (tensor !== null) return given[tensor];
    const first = ran.find((one) => one !== null)?.[at];
    const name = freeName(identifierOf(first?.name ?? (roles.outputs.length === 1 ? 'out' : `out_${at}`)), taken);
    const shape = shapeOf(
      ran.map((one) => one?.[at]?.shape ?? null),
      name,
    );
    return [name, { dtype: first?.dtype, shape, role: 'out', ...exactly(first?.dtype) }];
  });
  const all = [...given.filter((one) => !outputs.includes(one)), ...outputs].flatMap((one) => (one ? [one] : []));
  if (all.length > TENSORS_MAX) throw new RefusedFile(`it has ${all.length} tensors; a problem has at most ${TENSORS_MAX}`);
  return { tensors: Object.fromEntries(all), drawn };
};

/** A neighbour of an integer is wrong, however large both are. */
const exactly = (dtype: string | undefined): { readonly tolerance?: Tolerance } =>
  dtype !== undefined && INTEGER_TYPES.has(dtype) ? { tolerance: EXACT } : {};
