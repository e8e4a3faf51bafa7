/** Arguments of a tuning problem as tensors, shape variables and scalars of a problem. */
import { type Dtype, INTEGER_TYPES, type ScalarDtype } from '../../domain/plan/dtype.ts';
import type { Distribution, TensorSpec } from '../../domain/problem.ts';
import { ownValue } from '../../platform/own-value.ts';
import { parsePython } from './python-expression.ts';
import { type Known, numberOf } from './python-value.ts';
import { naming, refused } from './refused.ts';
import type { Argument, T1 } from './t1.ts';

export interface TakenArguments {
  /** Names in the kernel's order. */
  readonly order: readonly string[];
  /** Constant memory: variable of the code -> what it is filled with, which has its name. */
  readonly symbols: Readonly<Record<string, string>>;
  readonly tensors: Readonly<Record<string, Omit<TensorSpec, 'distribution'> & { readonly distribution?: Distribution }>>;
  readonly scalars: Readonly<Record<string, { readonly dtype: ScalarDtype; readonly value: number }>>;
  /** Shape variable -> its value in the one case there is. */
  readonly variables: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}

const DTYPES: Readonly<Record<string, Dtype>> = {
  float: 'f32',
  double: 'f64',
  half: 'f16',
  int32: 'i32',
  uint32: 'u32',
  int64: 'i64',
  int8: 'i8',
  uint8: 'u8',
};
const SCALARS: Readonly<Record<string, ScalarDtype>> = { float: 'f32', double: 'f64', int32: 'i32', uint32: 'u32', int64: 'i64' };
const NAME = /^[A-Za-z_]\w{0,31}$/;

type Named = Argument & { readonly name: string; readonly field: string; readonly isConstant: boolean };

export const argumentsOf = ({ KernelSpecification: { Arguments } }: T1, known: Known): TakenArguments => {
  const named = Arguments.map((argument, index) => nameOf(argument, index));
  for (const [index, { name, field }] of named.entries())
    if (named.findIndex((other) => other.name === name) !== index)
      throw refused(field, `there are two of the name "${name}": a launch plan passes arguments by their names`);
  for (const argument of named) refuseMemory(argument);
  const vectors = named
    .filter(({ MemoryType }) => MemoryType === 'Vector')
    .map((vector) => ({ ...vector, size: sizeOf(vector, known) }));
  const variables = variablesOf(named, new Set(vectors.map(({ size }) => size)));
  const variableOf = new Map(Object.entries(variables).map(([name, size]) => [size, name]));
  const scalars = named.filter(({ MemoryType, name }) => MemoryType === 'Scalar' && !Object.hasOwn(variables, name));
  return {
    order: named.flatMap(({ name, isConstant }) => (isConstant ? [] : [name])),
    symbols: Object.fromEntries(named.flatMap(({ name, isConstant }) => (isConstant ? [[name, name]] : []))),
    variables,
    tensors: Object.fromEntries(vectors.map((vector) => [vector.name, tensorOf(vector, variableOf.get(vector.size) ?? '')])),
    scalars: Object.fromEntries(scalars.map((scalar) => [scalar.name, scalarOf(scalar)])),
    notes: vectors.flatMap(noteOf),
  };
};

const nameOf = (argument: Argument, index: number): Named => {
  const name = argument.Name ?? `argument_${index}`;
  const field = `Arguments[${index}]`;
  if (!NAME.test(name)) throw refused(field, `"${name}" is no name of a tensor: use a C identifier of at most 32 characters`);
  const isConstant = argument.MemoryType === 'Symbol' || argument.MemType === 'Constant';
  return { ...argument, MemoryType: memoryOf(argument), name, field, isConstant };
};

/** A symbol is a vector where it says how many elements it has. */
const memoryOf = ({ MemoryType, Size }: Argument): Argument['MemoryType'] => {
  if (MemoryType !== 'Symbol') return MemoryType;
  return Size === undefined ? 'Scalar' : 'Vector';
};

const refuseMemory = ({ MemoryType, isConstant, AccessType = 'ReadOnly', field, name, FillType }: Named): void => {
  if (isConstant && AccessType !== 'ReadOnly')
    throw refused(field, `"${name}" is constant memory, which no kernel writes: its AccessType is ReadOnly`);
  if (MemoryType === 'Local') throw refused(field, `"${name}" is local memory of OpenCL: in CUDA that is SharedMemory`);
  if (FillType !== undefined && FillType !== 'Constant' && FillType !== 'Random')
    throw refused(field, `FillType ${FillType} of "${name}" is not taken: the judge draws fresh inputs for every judgement`);
};

const sizeOf = ({ Size, field, name }: Named, known: Known): number => {
  if (Size === undefined) throw refused(field, `"${name}" is a vector without a Size`);
  const size = typeof Size === 'number' ? Size : naming(field, () => numberOf(parsePython(Size), known));
  if (!Number.isInteger(size) || size < 1) throw refused(field, `"${name}" has ${size} elements`);
  return size;
};

/** An int32 that says how many elements there are is that shape variable; sizes that no argument says get one of their own. */
const variablesOf = (named: readonly Named[], sizes: ReadonlySet<number>): Record<string, number> => {
  const variables: Record<string, number> = {};
  for (const { name, MemoryType, Type, FillValue } of named) {
    if (MemoryType !== 'Scalar' || Type !== 'int32' || FillValue === undefined || !sizes.has(FillValue)) continue;
    if (!Object.values(variables).includes(FillValue)) variables[name] = FillValue;
  }
  const taken = new Set(named.map(({ name }) => name));
  for (const size of sizes) if (!Object.values(variables).includes(size)) variables[freeName(taken)] = size;
  return Object.keys(variables).length === 0 ? { [freeName(taken)]: 1 } : variables;
};

const freeName = (taken: Set<string>): string => {
  let number = 1;
  while (taken.has(`size${number}`)) number += 1;
  taken.add(`size${number}`);
  return `size${number}`;
};

const tensorOf = (vector: Named, variable: string): TakenArguments['tensors'][string] => {
  const dtype = ownValue(DTYPES, vector.Type);
  if (dtype === undefined) throw refused(vector.field, `type ${vector.Type} is not taken: ${Object.keys(DTYPES).join(', ')} are`);
  const role = roleOf(vector);
  const spec = { dtype, shape: [variable], role };
  if (role === 'out') return spec;
  if (!INTEGER_TYPES.has(dtype)) return { ...spec, distribution: { kind: 'normal', mean: 0, std: 1 } };
  if (vector.FillType !== 'Constant' || vector.FillValue === undefined)
    throw refused(
      vector.field,
      `"${vector.name}" holds random integers, of which nobody says the bounds: fill it with a constant`,
    );
  return { ...spec, distribution: { kind: 'integers', low: Math.trunc(vector.FillValue), high: Math.trunc(vector.FillValue) } };
};

const roleOf = ({ AccessType, Output, isConstant, field, name }: Named): TensorSpec['role'] => {
  if (isConstant) return 'in';
  if (AccessType === undefined && !Output)
    throw refused(field, `say whether "${name}" is read or written: AccessType ReadOnly, WriteOnly or ReadWrite`);
  if (AccessType === 'ReadOnly') return 'in';
  return AccessType === 'ReadWrite' ? 'inout' : 'out';
};

const scalarOf = ({ Type, FillValue, field, name }: Named): TakenArguments['scalars'][string] => {
  const dtype = ownValue(SCALARS, Type);
  if (dtype === undefined) throw refused(field, `a scalar of type ${Type} is not taken: ${Object.keys(SCALARS).join(', ')} are`);
  if (FillValue === undefined) throw refused(field, `"${name}" is a scalar without a FillValue`);
  return { dtype, value: FillValue };
};

const noteOf = ({ AccessType, FillType, FillValue, Type, name }: Named): readonly string[] =>
  AccessType !== 'WriteOnly' && FillType === 'Constant' && ['float', 'double', 'half'].includes(Type)
    ? [`\`${name}\` was filled with ${FillValue ?? 0}; the judge draws fresh numbers of the normal distribution`]
    : [];
