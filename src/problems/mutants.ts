/**
 * Wrong versions of a problem's reference, which its check must find: in C for the cpu device, in CUDA for GPUs. Some change what the reference has
 * written, by more launches; some change its sums in the text. A change that finds nothing to change is left out. Of a reference that is a program
 * there are those alone that do not run it. Pure.
 */
import type { Dtype } from '../domain/plan/dtype.ts';
import type { KernelUnit, DefinedCase, ProblemDefinition, SideUnit } from '../domain/protocol.ts';
import type { ResolvedLaunch, ResolvedPlan, ResolvedTensor } from '../domain/plan/resolved-plan.ts';
import { DTYPE_BYTES } from '../domain/plan/dtype.ts';
import { C, CUDA } from './mutant-dialects.ts';
import type { Dialect } from './mutant-dialects.ts';
import { withoutLastSixteenth, withPrelude, withRoundedSums } from './mutant-text.ts';

export interface Mutant {
  readonly name: string;
  readonly unit: KernelUnit;
  readonly plans: Readonly<Record<string, ResolvedPlan>>;
}

const NAME = 'kiln_mutant';

/** What one output is overwritten with: code beside the functions, and a body for each launch. */
interface Overwriting {
  readonly outside?: string;
  readonly bodies: readonly string[];
}

interface Output {
  readonly dtype: Dtype;
  /** A name that nothing else has. */
  readonly own: string;
  /** More than the tolerance. */
  readonly factor: number;
}

/** `keep`: the reference runs before. `readsInput`: `x` is an input, else the output itself. */
interface After {
  readonly name: string;
  readonly keep: boolean;
  readonly readsInput?: true;
  /** Of several outputs one alone is changed, each in a version of its own: what is wrong in one must not hide behind another. */
  readonly apart?: true;
  /** Null where the type allows none. */
  readonly overwrite: (dialect: Dialect, output: Output) => Overwriting | null;
}

const AFTER: readonly After[] = [
  { name: 'zeros', keep: false, overwrite: ({ each }) => ({ bodies: [each('y[i] = 0;')] }) },
  {
    name: 'a constant',
    keep: false,
    overwrite: ({ each, types }, { dtype }) => ({ bodies: [each(`y[i] = ${types[dtype][1]};`)] }),
  },
  {
    name: 'a copy of the input',
    keep: false,
    readsInput: true,
    overwrite: ({ each }) => ({
      bodies: [each('for (long b = i * (long)sizeof *y; b < (i + 1) * (long)sizeof *y; b++) ((char*)y)[b] = x[b % m];')],
    }),
  },
  {
    name: 'the result of the inputs before',
    keep: true,
    overwrite: (dialect, { own, dtype }) => dialect.before(own, dialect.types[dtype][0]),
  },
  {
    name: 'scaled by 1 + 10 * tolerance',
    keep: true,
    apart: true,
    overwrite: ({ each, scaled }, { dtype, factor }) => {
      const statement = scaled(dtype, factor);
      return statement === null ? null : { bodies: [each(statement)] };
    },
  },
];

const rounded =
  (to: 'f16' | 'bf16') =>
  (source: string, { rounding }: Dialect): string => {
    const changed = withRoundedSums(source, rounding[to].round);
    return changed === source || rounding[to].prelude === '' ? changed : withPrelude(changed, rounding[to].prelude);
  };

const IN_TEXT: readonly { readonly name: string; readonly change: (source: string, dialect: Dialect) => string }[] = [
  { name: 'a sum that leaves out the last sixteenth', change: withoutLastSixteenth },
  { name: 'sums in f16', change: rounded('f16') },
  { name: 'sums in bf16', change: rounded('bf16') },
];

/** `own`: the reference itself, which must pass; null where it is a program, whose recording each device tries by itself. */
export interface Mutants {
  readonly own: Mutant | null;
  readonly wrong: readonly Mutant[];
}

export const mutantsOf = (definition: ProblemDefinition): Mutants => {
  const { reference, verify } = definition;
  if (reference.language === 'python') {
    const apart = AFTER.filter(({ keep }) => !keep);
    return {
      own: null,
      wrong: apart.flatMap((after) => changedAfter(definition, { unit: emptyUnit(reference), dialect: CUDA }, after)),
    };
  }
  // By its tolerance a side is held against itself: what is a little off may well be right by the problem's own check.
  const after = verify ? AFTER.filter((one) => one.apart !== true) : AFTER;
  const base = { unit: reference, dialect: reference.language === 'c' ? C : CUDA };
  return {
    own: { name: 'the reference itself', unit: reference, plans: plansOf(definition, (item) => item.reference) },
    wrong: [...after.flatMap((one) => changedAfter(definition, base, one)), ...changedInText(definition, base)],
  };
};

/** What a wrong version is made from. */
interface Base {
  readonly unit: KernelUnit;
  readonly dialect: Dialect;
}

const emptyUnit = ({ architecture }: SideUnit): KernelUnit => ({
  language: 'cuda',
  source: '',
  params: {},
  architecture,
  kernels: [],
  numWarps: null,
  numStages: null,
});

const changedInText = (definition: ProblemDefinition, { unit, dialect }: Base): readonly Mutant[] =>
  IN_TEXT.flatMap(({ name, change }) => {
    const source = change(unit.source, dialect);
    if (source === unit.source) return [];
    return [{ name, unit: { ...unit, source }, plans: plansOf(definition, (item) => item.reference) }];
  });

const plansOf = (definition: ProblemDefinition, plan: (item: DefinedCase) => ResolvedPlan): Mutant['plans'] =>
  Object.fromEntries(definition.cases.map((item) => [item.name, plan(item)]));

const isOut = ({ role }: ResolvedTensor): boolean => role !== 'in';

/** Two steps of a type that holds few digits: scaled by less, most results are the same. */
const STEPS: Readonly<Partial<Record<Dtype, number>>> = { f16: 2 ** -9, bf16: 2 ** -6 };

const changedAfter = (definition: ProblemDefinition, { unit, dialect }: Base, after: After): readonly Mutant[] => {
  const outputs = definition.cases[0]?.tensors.filter(isOut) ?? [];
  const factorOf = ({ dtype, tolerance: { rtol, relative_l2: l2 } = definition.tolerance }: ResolvedTensor): number =>
    1 + Math.max(10 * Math.max(rtol, l2, 1e-7), STEPS[dtype] ?? 0);
  const overwritten = outputs.map((output, at) =>
    after.overwrite(dialect, { dtype: output.dtype, factor: factorOf(output), own: `${NAME}_${at}` }),
  );
  if (after.apart !== true || outputs.length === 1) return overwriting(definition, overwritten, { unit, dialect, after });
  return outputs.flatMap(({ name }, at) => {
    const alone = overwritten.map((each, other) => (other === at ? each : null));
    return overwriting(definition, alone, { unit, dialect, after: { ...after, name: `${name} ${after.name}` } });
  });
};

const overwriting = (
  definition: ProblemDefinition,
  written: readonly (Overwriting | null)[],
  { unit, dialect, after }: Base & { readonly after: After },
): readonly Mutant[] => {
  if (written.every((each) => each === null)) return [];
  const outputs = definition.cases[0]?.tensors.filter(isOut) ?? [];
  const functions = written.map((each, at) => functionsOf(dialect, outputs[at]?.dtype ?? 'u8', { at, written: each }));
  const source = `${unit.source}\n${dialect.prelude}${functions.join('')}`;
  const launches = written.map((each) => each?.bodies.length ?? 0);
  return [
    {
      name: after.name,
      unit: { ...unit, source },
      plans: plansOf(definition, (item) => withLaunches(item, after, { dialect, launches })),
    },
  ];
};

const kernelOf = (output: number, launch: number): string => `${NAME}_${output}_${launch}`;

const functionsOf = (
  { head, types }: Dialect,
  dtype: Dtype,
  { at, written }: { readonly at: number; readonly written: Overwriting | null },
): string =>
  [
    written?.outside ?? '',
    ...(written?.bodies ?? []).map(
      (body, launch) => `${head} ${kernelOf(at, launch)}(${types[dtype][0]}* y, long n, const char* x, long m) { ${body} }\n`,
    ),
  ].join('');

interface Launching {
  readonly dialect: Dialect;
  /** Of each output, how many. */
  readonly launches: readonly number[];
}

const withLaunches = (
  item: DefinedCase,
  { keep, readsInput }: After,
  { dialect: { grid, block }, launches: counts }: Launching,
): ResolvedPlan => {
  const input = item.tensors.find(({ role }) => role !== 'out');
  const launches = item.tensors.filter(isOut).flatMap((output, at) => {
    const from = readsInput && input ? input : output;
    return Array.from(
      { length: counts[at] ?? 0 },
      (_, launch): ResolvedLaunch => ({
        ...item.reference.launches[0],
        kernel: kernelOf(at, launch),
        grid: [grid, 1, 1],
        block: [block, 1, 1],
        cluster: null,
        shared: 0,
        args: [
          { kind: 'tensor', name: output.name },
          { kind: 'scalar', dtype: 'i64', value: output.elements },
          { kind: 'tensor', name: from.name },
          { kind: 'scalar', dtype: 'i64', value: from.elements * DTYPE_BYTES[from.dtype] },
        ],
      }),
    );
  });
  return { ...item.reference, launches: [...(keep ? item.reference.launches : []), ...launches] };
};
