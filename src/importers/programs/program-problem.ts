/** A problem whose reference is a Python file, from what was described of it. Pure. */
import { CASE_BYTES_MAX } from '../../domain/case-limits.ts';
import { type Dtype, DTYPE_BYTES } from '../../domain/plan/dtype.ts';
import type { CallData } from '../../domain/program-call.ts';
import { CASES_MAX, Problem, TENSORS_MAX, type TensorSpec, type Tolerance } from '../../domain/problem.ts';
import type { ProgramStyle } from '../../domain/program.ts';
import { issuesText } from '../../platform/issue-text.ts';
import { callDataOf, type Scalars } from './call-data.ts';
import type { Described, DescribedCase, DescribedTensor } from './described.ts';
import { type Drawn, drawnOf } from './draws.ts';
import { EXACT, INTEGERS } from './exact.ts';
import { floorOf } from './floor.ts';
import { freeName, identifierOf } from './names.ts';
import { RefusedFile } from './refused-file.ts';
import { type Roles, rolesOf } from './roles.ts';
import { createShapes, type Shapes } from './shapes.ts';

/** As the file's own description of its cases has it. */
export interface AskedCase {
  readonly kind: 'check' | 'bench';
  readonly args: Readonly<Record<string, unknown>>;
}

export interface ProgramProblem {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly described: Described;
  /** In the order of `described.cases`. */
  readonly cases: readonly AskedCase[];
  readonly tolerance: (dtypes: readonly string[]) => Tolerance;
  readonly style: ProgramStyle;
  readonly symbol: string;
  /** Beside reference.py. */
  readonly files: readonly string[];
}

export interface MadeProblem {
  readonly problem: object;
  readonly notes: readonly string[];
}

interface Kept extends AskedCase {
  readonly found: DescribedCase;
}

/** Throws RefusedFile. */
export const makeProblem = (wanted: ProgramProblem): MadeProblem => {
  const { kept, notes } = keptCases(wanted);
  const [first] = kept;
  if (!first) throw new RefusedFile('it has no case');
  const taken = new Set<string>();
  // Arguments keep their names: a tensor of the same name is called otherwise.
  const shapes = createShapes({ args: kept.map(({ args }) => args), isSingle: kept.length === 1, taken });
  const names = first.found.places.map((place) => freeName(identifierOf(nameAt(place, wanted.described.names)), taken));
  const roles = rolesOf(
    kept.map(({ found }) => found),
    (index) => names[index] ?? '',
  );
  const { tensors, drawn } = tensorsOf({ kept, names, roles, shapes, taken });
  const scalars: Scalars = {};
  const data = callDataOf(
    kept.map(({ found }) => found.data),
    { names, shapes, scalars },
  );
  const cases = casesOf({ kept, names, drawn, shapes, tensors });
  const outputs = Object.values(tensors).filter(({ role }) => role !== 'in');
  const problem = {
    name: wanted.name,
    title: wanted.title,
    description: wanted.description,
    variables: [...cases.variables],
    tensors,
    ...(Object.keys(scalars).length > 0 && { scalars }),
    tolerance: wanted.tolerance(outputs.map(({ dtype }) => dtype)),
    check: cases.check,
    bench: { gpu: cases.bench },
    floor: floorOf(tensors),
    gpu: {
      reference: {
        file: 'reference.py',
        symbol: wanted.symbol,
        style: wanted.style,
        ...(wanted.files.length > 0 && { files: [...wanted.files] }),
        environment: 'torch',
      },
    },
    call: callOf(wanted, data),
  };
  const parsed = Problem.safeParse(problem);
  if (!parsed.success) throw new RefusedFile(`it makes no problem: ${issuesText(parsed.error)}`);
  return { problem, notes: [...notes, ...roles.notes, ...cases.notes] };
};

const callOf = ({ style, described: { init } }: ProgramProblem, data: CallData): object => {
  if (style !== 'model') return { data };
  const { positional = [], keywords = {} } = init ?? {};
  return { init: Object.keys(keywords).length > 0 ? { positional, keywords } : positional, seed: MODEL_SEED };
};

const MODEL_SEED = 42;

/** "A" for the first of `A, B = data`, else the last key that leads there. */
const nameAt = (place: readonly string[], names: readonly string[]): string => {
  const [head, ...rest] = place;
  if (head === undefined) return 'data';
  const named = /^\d+$/.test(head) ? names[Number(head)] : head;
  return rest.length === 0
    ? named || `input_${head}`
    : (rest.findLast((key) => !/^\d+$/.test(key)) ?? `${named || 'input'}_${rest.join('_')}`);
};

/** Cases that can be drawn. Some must be left of those that are timed. */
const keptCases = ({
  described,
  cases,
}: ProgramProblem): { readonly kept: readonly Kept[]; readonly notes: readonly string[] } => {
  const sorted = cases.map((asked, index) => {
    const found = described.cases[index];
    const reason = !found
      ? 'nothing says what it is'
      : 'refused' in found
        ? found.refused
        : reasonAgainst(found, described.names);
    return reason === null && found && !('refused' in found) ? { kept: { ...asked, found } } : { asked, reason: reason ?? '' };
  });
  const { kept, others } = ofOneForm(sorted.flatMap((one) => ('kept' in one && one.kept ? [one.kept] : [])));
  const left = sorted.flatMap((one) => ('asked' in one && one.asked ? [one] : []));
  if (!kept.some(({ kind }) => kind === 'bench')) throw new RefusedFile(left[0]?.reason ?? 'it has no case that is timed');
  const notes = [
    ...left.map(({ asked, reason }) => `the case ${caseText(asked.args)} is left out: ${reason}`),
    ...others.map(
      ({ args }) => `the case ${caseText(args)} is left out: it hands over tensors of other types, or other values, than most`,
    ),
  ];
  return { kept, notes };
};

const caseText = (args: Readonly<Record<string, unknown>>): string => JSON.stringify(args);

/** Null: it can be drawn and held. */
const reasonAgainst = ({ tensors, places, outputs }: DescribedCase, names: readonly string[]): string | null => {
  for (const [index, tensor] of tensors.entries()) {
    const complaint = complaintOf(tensor);
    if (complaint !== null) return `\`${nameAt(places[index] ?? [], names)}\` ${complaint}`;
  }
  const other = (outputs ?? []).find(({ known }) => !known);
  if (other) return `the reference returns ${other.dtype}, which is none of Kiln's types`;
  const empty = (outputs ?? []).find(({ shape }) => shape.includes(0));
  if (empty) return 'the reference returns a tensor without elements';
  const bytes = [...tensors, ...(outputs ?? []).filter(({ tensor }) => tensor === null)].reduce(
    (sum, one) => sum + bytesOf(one),
    0,
  );
  return bytes > CASE_BYTES_MAX
    ? `its tensors are ${(bytes / 2 ** 30).toFixed(2)} GiB; a case has at most ${CASE_BYTES_MAX / 2 ** 30}`
    : null;
};

const complaintOf = ({ draw, known, dtype, contiguous, shape }: DescribedTensor): string | null => {
  if (draw.kind === 'unplain') return `is not drawn plainly: ${draw.reason ?? ''}`;
  if (!known) return `is of the type ${dtype}, which is none of Kiln's`;
  if (!contiguous) return 'is not contiguous';
  if (shape.length === 0) return 'is a tensor without an axis: hand a number over';
  if (shape.length > 8) return 'has more than 8 axes';
  return shape.includes(0) ? 'has no elements' : null;
};

const bytesOf = ({ dtype, shape }: { readonly dtype: string; readonly shape: readonly number[] }): number =>
  shape.reduce((product, size) => product * size, isDtype(dtype) ? DTYPE_BYTES[dtype] : 1);

const isDtype = (text: string): text is Dtype => text in DTYPE_BYTES;

/** What tensors and numbers are handed over, but not how large they are. */
const formOf = ({ found: { data, tensors } }: Kept): string =>
  JSON.stringify([data, tensors.map(({ dtype, shape }) => [dtype, shape.length])]).replaceAll(
    /"number":[-+.\deE]+/gu,
    '"number":0',
  );

/** Of several forms, the one that most cases have which are timed: a problem has one. */
const ofOneForm = (all: readonly Kept[]): { readonly kept: readonly Kept[]; readonly others: readonly Kept[] } => {
  const timed = new Map<string, number>();
  for (const one of all) timed.set(formOf(one), (timed.get(formOf(one)) ?? 0) + (one.kind === 'bench' ? 1 : 0));
  const [most] = [...timed].toSorted(([, a], [, b]) => b - a)[0] ?? [];
  return { kept: all.filter((one) => formOf(one) === most), others: all.filter((one) => formOf(one) !== most) };
};

interface Making {
  readonly kept: readonly Kept[];
  readonly names: readonly string[];
  readonly roles: Roles;
  readonly shapes: Shapes;
  readonly taken: Set<string>;
}

interface Tensors {
  readonly tensors: Readonly<Record<string, TensorSpec>>;
  readonly drawn: ReadonlyMap<string, Drawn>;
}

/** Inputs as they are handed over, and outputs in the order in which they are returned. */
const tensorsOf = ({ kept, names, roles, shapes, taken }: Making): Tensors => {
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
  const given = names.map((name, index) => {
    const role = roles.given[index] ?? 'in';
    const there = kept.map(({ found }) => found.tensors[index]);
    const shape = shapeOf(
      there.map((tensor) => tensor?.shape ?? null),
      name,
    );
    const dtype = there[0]?.dtype;
    if (role === 'out') return [name, { dtype, shape, role, ...exactly(dtype) }] as const;
    const draws = drawnOf(
      there.flatMap((tensor) => (tensor ? [tensor.draw] : [])),
      shapes,
      name,
    );
    drawn.set(name, draws);
    return [name, { dtype, shape, role, distribution: draws.distribution, ...(role === 'inout' && exactly(dtype)) }] as const;
  });
  const ran = kept.map(({ found }) => found.outputs);
  const outputs = roles.outputs.map((tensor, at) => {
    if (tensor !== null) return given[tensor];
    const first = ran.find((one) => one !== null)?.[at];
    const name = freeName(identifierOf(first?.name ?? (roles.outputs.length === 1 ? 'out' : `out_${at}`)), taken);
    const shape = shapeOf(
      ran.map((one) => one?.[at]?.shape ?? null),
      name,
    );
    return [name, { dtype: first?.dtype, shape, role: 'out', ...exactly(first?.dtype) }] as const;
  });
  const all = [...given.filter((one) => !outputs.includes(one)), ...outputs].flatMap((one) => (one ? [one] : []));
  if (all.length > TENSORS_MAX) throw new RefusedFile(`it has ${all.length} tensors; a problem has at most ${TENSORS_MAX}`);
  // Checked as a whole by the problem's own schema.
  return { tensors: Object.fromEntries(all) as Readonly<Record<string, TensorSpec>>, drawn };
};

/** A neighbour of an integer is wrong, however large both are. */
const exactly = (dtype: string | undefined): { readonly tolerance?: Tolerance } =>
  dtype !== undefined && INTEGERS.has(dtype) ? { tolerance: EXACT } : {};

interface Naming {
  readonly kept: readonly Kept[];
  readonly names: readonly string[];
  readonly drawn: ReadonlyMap<string, Drawn>;
  readonly shapes: Shapes;
  readonly tensors: Readonly<Record<string, TensorSpec>>;
}

interface Cases {
  readonly variables: readonly string[];
  readonly check: readonly object[];
  readonly bench: readonly object[];
  readonly notes: readonly string[];
}

const casesOf = ({ kept, drawn, shapes }: Naming): Cases => {
  const variables = shapes.variables();
  const named = new Set<string>();
  const all = kept.map(({ kind, args, found }, index) => {
    const shape = Object.fromEntries([...variables].map(([name, values]) => [name, values[index] ?? 1]));
    const own = [...drawn].flatMap(([name, { others }]) => (others.has(index) ? [[name, others.get(index)] as const] : []));
    const name = freeName(caseNameOf(args), named, CASE_CHARS_MAX);
    const elements = found.tensors.reduce((sum, tensor) => sum + tensor.shape.reduce((a, b) => a * b, 1), 0);
    return { kind, elements, item: { name, shape, ...(own.length > 0 && { distributions: Object.fromEntries(own) }) } };
  });
  const bench = all.filter(({ kind }) => kind === 'bench').slice(0, CASES_MAX);
  const checked = all.filter(({ kind }) => kind === 'check').slice(0, CASES_MAX);
  // Hard inputs of these are those of their own shapes.
  const check = checked.map(({ item }) => ('distributions' in item ? { ...item, timed: false } : item));
  const smallest = bench.toSorted((a, b) => a.elements - b.elements)[0];
  const instead = smallest ? [{ ...smallest.item, name: freeName(`check_${smallest.item.name}`, named, CASE_CHARS_MAX) }] : [];
  const left = all.length - bench.length - checked.length;
  const notes = left > 0 ? [`${left} cases are left out: a problem has at most ${CASES_MAX} of each kind`] : [];
  return {
    variables: [...variables.keys()],
    check: check.length > 0 ? check : instead,
    bench: bench.map(({ item }) => item),
    notes: check.length > 0 ? notes : [...notes, 'there is no case that is only checked: the smallest timed one is'],
  };
};

const CASE_CHARS_MAX = 63;

/** {m: 64, n: 32} -> "m64-n32" */
const caseNameOf = (args: Readonly<Record<string, unknown>>): string => {
  const parts = Object.entries(args).map(([name, value]) => `${name}${String(value).replaceAll(/[^\w.]+/gu, '_')}`);
  return parts.join('-').slice(0, CASE_CHARS_MAX) || 'given';
};
