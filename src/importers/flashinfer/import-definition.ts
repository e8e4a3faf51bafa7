/** A definition of FlashInfer-Trace with its workloads as a problem: the reference is its `run`. Pure. */
import { type Dtype, INTEGER_TYPES, type ScalarDtype } from '../../domain/plan/dtype.ts';
import { Problem, TENSORS_MAX, type TensorSpec, type Tolerance } from '../../domain/problem.ts';
import { issuesText } from '../../platform/issue-text.ts';
import { ownValue } from '../../platform/own-value.ts';
import { EXACT } from '../programs/element-types.ts';
import { floorOf } from '../programs/floor.ts';
import { freeName, identifierOf } from '../programs/names.ts';
import { RefusedFile } from '../programs/refused-file.ts';
import type { Made } from '../programs/source.ts';
import type { Definition, TraceTensor, Workload } from './documents.ts';

/** Every case is recorded and timed: of more workloads, so many of all sizes. */
const BENCH_CASES_MAX = 16;
const CHECK_CASES = 2;
const NAME_CHARS_MAX = 32;
const CASE_CHARS_MAX = 63;
/** What their harness takes unless it is told otherwise; zeros never pass. */
const TOLERANCE: Tolerance = { rtol: 1e-2, atol: 1e-2, relative_l2: 1e-2 };

const DTYPES: Readonly<Record<string, Dtype>> = {
  float64: 'f64',
  float32: 'f32',
  float16: 'f16',
  bfloat16: 'bf16',
  float8_e4m3fn: 'f8e4m3',
  int64: 'i64',
  int32: 'i32',
  int8: 'i8',
  uint8: 'u8',
};
const SCALARS: Readonly<Record<string, ScalarDtype>> = {
  float64: 'f64',
  float32: 'f32',
  float16: 'f32',
  bfloat16: 'f32',
  int64: 'i64',
  int32: 'i32',
};

/** The title of a problem says which definition it is, whatever its own name had to become. */
export const titleOf = (definition: string): string => `${definition}${TITLE_END}`.slice(0, TITLE_CHARS_MAX);
export const definitionOfTitle = (title: string): string | null =>
  title.endsWith(TITLE_END) ? title.slice(0, -TITLE_END.length) : null;
const TITLE_END = ', of FlashInfer-Trace';
const TITLE_CHARS_MAX = 120;

/** Throws RefusedFile. */
export const importDefinition = (definition: Definition, workloads: readonly Workload[], name: string): Made => {
  if (!/^def\s+run\s*\(/mu.test(definition.reference)) throw new RefusedFile('its reference defines no function `run`');
  const kept = keptOf(definition, workloads);
  const axes = axesOf(definition);
  const tensors = tensorsOf(definition, axes);
  const scalars = scalarsOf(definition, kept);
  const usable = kept.filter((workload) => scalars.every(({ name: scalar, value }) => valueIn(workload, scalar) === value));
  const { bench, left } = chosen(usable, definition);
  const cases = bench.map((workload) => ({ name: caseNameOf(workload), shape: shapeOf(axes, workload) }));
  const problem = {
    name,
    title: titleOf(definition.name),
    description: (definition.description ?? '').slice(0, 4000),
    variables: axes.variables.map(({ variable }) => variable),
    tensors,
    ...(scalars.length > 0 && {
      scalars: Object.fromEntries(scalars.map(({ name: scalar, dtype, value }) => [scalar, { dtype, value }])),
    }),
    tolerance: TOLERANCE,
    check: cases
      .slice(0, CHECK_CASES)
      .map(({ name: caseName, shape }) => ({ name: `check-${caseName}`.slice(0, CASE_CHARS_MAX), shape })),
    bench: { gpu: cases },
    floor: floorOf(tensors),
    gpu: { reference: { file: 'reference.py', symbol: 'run', style: 'function', environment: 'torch' } },
  };
  const parsed = Problem.safeParse(problem);
  if (!parsed.success) throw new RefusedFile(`it makes no problem: ${issuesText(parsed.error)}`);
  return { problem, notes: notesOf({ definition, workloads, kept, usable, left }) };
};

interface Noted {
  readonly definition: Definition;
  readonly workloads: readonly Workload[];
  readonly kept: readonly Workload[];
  readonly usable: readonly Workload[];
  readonly left: number;
}

const notesOf = ({ definition, workloads, kept, usable, left }: Noted): readonly string[] => [
  ...(kept.length < workloads.length
    ? [
        `${workloads.length - kept.length} of its ${workloads.length} workloads are left out: their inputs are files, or they have no elements`,
      ]
    : []),
  ...(usable.length < kept.length
    ? [`${kept.length - usable.length} workloads are left out: their numbers are others than most have`]
    : []),
  ...(left > 0 ? [`${left} workloads are left out: ${BENCH_CASES_MAX} of all sizes are timed`] : []),
  ...(/^\s*(?:import|from)\s+flashinfer\b/mu.test(definition.reference)
    ? ['its reference imports flashinfer, which the environment must have']
    : []),
  'checked are its smallest workloads: add small and awkward shapes to `check`',
];

const isDrawn = ({ inputs, axes }: Workload): boolean =>
  Object.values(inputs).every(({ type }) => type !== 'safetensors') && Object.values(axes).every((size) => size > 0);

/** Those that can be drawn. */
const keptOf = (definition: Definition, workloads: readonly Workload[]): readonly Workload[] => {
  if (workloads.length === 0) throw new RefusedFile('it has no workloads: without them nobody says which sizes are timed');
  const integers = Object.entries(definition.inputs).find(
    ([, { shape, dtype }]) => shape !== null && INTEGER_TYPES.has(ownValue(DTYPES, dtype) ?? ''),
  );
  if (integers)
    throw new RefusedFile(
      `\`${integers[0]}\` holds integers, whose bounds the definition does not say: random ones would be no indices`,
    );
  const kept = workloads.filter(isDrawn);
  if (kept.length === 0) throw new RefusedFile('all of its workloads take inputs from files');
  return kept;
};

interface Axes {
  /** Those of problem.yaml, with the axis that each stands for; `value` where it is the same in every case. */
  readonly variables: readonly { readonly axis: string; readonly variable: string; readonly value?: number }[];
  readonly expression: (axis: string) => string | number;
}

/** A problem has at least one variable: without an axis that varies, the first stays one. */
const axesOf = ({ axes, inputs }: Definition): Axes => {
  const taken = new Set(Object.keys(inputs));
  const entries = Object.entries(axes);
  const varying = entries.filter(([, { type }]) => type === 'var');
  const variables = (varying.length > 0 ? varying : entries.slice(0, 1)).map(([axis, found]) => ({
    axis,
    variable: freeName(identifierOf(axis), taken),
    ...(found.type === 'const' && { value: found.value }),
  }));
  const byAxis = new Map(variables.map(({ axis, variable }) => [axis, variable]));
  return {
    variables,
    expression: (axis) => {
      const found = ownValue(axes, axis);
      if (!found) throw new RefusedFile(`a shape names the axis "${axis}", which is none of its axes`);
      return byAxis.get(axis) ?? (found.type === 'const' ? found.value : axis);
    },
  };
};

const shapeOf = ({ variables }: Axes, { uuid, axes }: Workload): Readonly<Record<string, number>> =>
  Object.fromEntries(
    variables.map(({ axis, variable, value }) => {
      const size = value ?? ownValue(axes, axis);
      if (size === undefined) throw new RefusedFile(`workload ${uuid} says no size of the axis "${axis}"`);
      return [variable, size];
    }),
  );

const tensorsOf = ({ inputs, outputs }: Definition, axes: Axes): Readonly<Record<string, TensorSpec>> => {
  const given = Object.entries(inputs).filter(([, { shape }]) => shape !== null);
  const all: readonly (readonly [string, TensorSpec])[] = [
    ...given.map(([name, tensor]): [string, TensorSpec] => [
      name,
      { ...specOf(name, tensor, axes), role: 'in', distribution: { kind: 'normal', mean: 0, std: 1 } },
    ]),
    ...Object.entries(outputs).map(([name, tensor]): [string, TensorSpec] => {
      const spec = specOf(name, tensor, axes);
      return [
        name,
        {
          ...spec,
          role: 'out',
          distribution: { kind: 'normal', mean: 0, std: 1 },
          ...(INTEGER_TYPES.has(spec.dtype) && { tolerance: EXACT }),
        },
      ];
    }),
  ];
  if (all.length > TENSORS_MAX) throw new RefusedFile(`it has ${all.length} tensors; a problem has at most ${TENSORS_MAX}`);
  return Object.fromEntries(all);
};

const specOf = (name: string, { shape, dtype }: TraceTensor, axes: Axes) => {
  const known = ownValue(DTYPES, dtype);
  if (!known) throw new RefusedFile(`\`${name}\` is of the type ${dtype}, which is none of Kiln's`);
  if (!/^[A-Za-z_]\w*$/u.test(name) || name.length > NAME_CHARS_MAX)
    throw new RefusedFile(
      `\`${name}\` is no name of at most ${NAME_CHARS_MAX} letters, digits and "_": programs are handed tensors by name`,
    );
  return { dtype: known, shape: shape === null || shape.length === 0 ? [1] : shape.map((axis) => axes.expression(axis)) };
};

interface Scalar {
  readonly name: string;
  readonly dtype: ScalarDtype;
  readonly value: number;
}

/** A problem's numbers are the same in every case: those that most workloads have. */
const scalarsOf = ({ inputs }: Definition, workloads: readonly Workload[]): readonly Scalar[] =>
  Object.entries(inputs)
    .filter(([, { shape }]) => shape === null)
    .map(([name, { dtype }]) => {
      const known = ownValue(SCALARS, dtype);
      if (!known) throw new RefusedFile(`the number \`${name}\` is of the type ${dtype}, which is none of Kiln's`);
      const values = workloads.flatMap((workload) => valueIn(workload, name) ?? []);
      const [most] = values.toSorted((a, b) => countIn(values, b) - countIn(values, a));
      if (most === undefined) throw new RefusedFile(`no workload says what the number \`${name}\` is`);
      return { name, dtype: known, value: most };
    });

const countIn = (values: readonly number[], value: number): number => values.filter((one) => one === value).length;

const valueIn = ({ inputs }: Workload, name: string): number | null => {
  const input = ownValue(inputs, name);
  return input?.type === 'scalar' && typeof input.value === 'number' ? input.value : null;
};

const sizeOf = ({ axes }: Workload): number => Object.values(axes).reduce((product, size) => product * size, 1);

/** Of all sizes, smallest first, each shape once. */
const chosen = (
  workloads: readonly Workload[],
  { axes }: Definition,
): { readonly bench: readonly Workload[]; readonly left: number } => {
  const shapes = new Map<string, Workload>();
  for (const workload of workloads) {
    const key = JSON.stringify(Object.keys(axes).map((axis) => ownValue(workload.axes, axis)));
    if (!shapes.has(key)) shapes.set(key, workload);
  }
  const sorted = [...shapes.values()].toSorted((a, b) => sizeOf(a) - sizeOf(b));
  const count = Math.min(BENCH_CASES_MAX, sorted.length);
  const last = sorted.length - 1;
  const bench = Array.from({ length: count }, (_, at) => sorted[count === 1 ? 0 : Math.round((at * last) / (count - 1))]);
  return { bench: bench.flatMap((one) => (one ? [one] : [])), left: sorted.length - count };
};

/** {M: 256}, "280860e6-…" -> "M256-280860e6-…": their results name a workload by its id. */
const caseNameOf = ({ uuid, axes }: Workload): string => {
  const sizes = Object.entries(axes)
    .map(([axis, size]) => `${axis}${size}`)
    .join('-')
    .replaceAll(/[^\w.-]+/gu, '_');
  const id = uuid.replaceAll(/[^\w.-]+/gu, '_');
  return `${sizes.slice(0, Math.max(0, CASE_CHARS_MAX - 'check-'.length - 1 - id.length))}-${id}`
    .replace(/^-/u, 'w-')
    .slice(0, CASE_CHARS_MAX);
};

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;
/** Of a case's name. */
export const uuidOf = (name: string): string =>
  UUID.exec(name)?.[0] ??
  name
    .replace(/^check-/u, '')
    .split('-')
    .at(-1) ??
  name;
