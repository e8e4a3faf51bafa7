/**
 * Wrong versions of a problem's C reference, which its check must find. Some change what the reference has written, by one more launch; some change its
 * sums in the text. A change that finds nothing to change is left out. Pure.
 */
import type { Dtype } from '../domain/plan/dtype.ts';
import type { CompileUnit, DefinedCase, ProblemDefinition } from '../domain/protocol.ts';
import type { ResolvedLaunch, ResolvedPlan, ResolvedTensor } from '../domain/plan/resolved-plan.ts';
import { DTYPE_BYTES } from '../domain/plan/dtype.ts';

export interface Mutant {
  readonly name: string;
  readonly unit: CompileUnit;
  readonly plans: Readonly<Record<string, ResolvedPlan>>;
}

/** C for one element of each type: the type, and the bits of 1. */
const C_TYPE: Readonly<Record<Dtype, readonly [type: string, one: string]>> = {
  f64: ['double', '1.0'],
  f32: ['float', '1.0f'],
  f16: ['_Float16', '1'],
  bf16: ['unsigned short', '0x3f80'],
  i64: ['long long', '1'],
  i32: ['int', '1'],
  u32: ['unsigned', '1'],
  i8: ['signed char', '1'],
  u8: ['unsigned char', '1'],
  f8e4m3: ['unsigned char', '0x38'],
  f4e2m1x2: ['unsigned char', '0x22'],
};
const NAME = 'kiln_mutant';

/** `keep`: the reference runs before. `from`: the tensor that it reads beside the output. */
interface After {
  readonly name: string;
  readonly keep: boolean;
  readonly readsInput?: true;
  /** The body, of the output `y` with `n` elements, and `x` with `m` bytes. */
  readonly body: (dtype: Dtype, factor: number) => string | null;
}

const AFTER: readonly After[] = [
  { name: 'zeros', keep: false, body: () => 'memset(y, 0, n * sizeof *y);' },
  { name: 'a constant', keep: false, body: (dtype) => `for (long i = 0; i < n; i++) y[i] = ${C_TYPE[dtype][1]};` },
  {
    name: 'a copy of the input',
    keep: false,
    readsInput: true,
    body: () => 'for (long i = 0; i < n * (long)sizeof *y; i++) ((char*)y)[i] = x[i % m];',
  },
  {
    name: 'the result of the inputs before',
    keep: true,
    body: () =>
      'static char* old; static long had; long bytes = n * sizeof *y; char* now = malloc(bytes); memcpy(now, y, bytes); if (had == bytes) memcpy(y, old, bytes); free(old); old = now; had = bytes;',
  },
  { name: 'scaled by 1 + 10 * tolerance', keep: true, body: (dtype, factor) => scaled(dtype, factor) },
];

/** Null for types that have no such neighbour: a packed one has steps wider than any tolerance. */
const scaled = (dtype: Dtype, factor: number): string | null => {
  if (dtype === 'f4e2m1x2' || dtype === 'f8e4m3') return null;
  if (dtype === 'bf16')
    return `for (long i = 0; i < n; i++) { unsigned b = (unsigned)y[i] << 16; float f; memcpy(&f, &b, 4); f *= ${factor}f; memcpy(&b, &f, 4); y[i] = (b + 0x7fff + (b >> 16 & 1)) >> 16; }`;
  const isFloat = dtype.startsWith('f');
  return isFloat ? `for (long i = 0; i < n; i++) y[i] = y[i] * ${factor};` : 'for (long i = 0; i < n; i++) y[i] += 1;';
};

/** Of the text: accumulations `name += …;` into a plain variable, and the loops around them. */
const SUM = /(?<![\w.>\])])([A-Za-z_]\w*) \+= ([^;]+);/g;
const LOOP = /(for \([^;]*;\s*(\w+) < )([^;]+)(;[^)]*\)\s*\{?\s*(?:[^{}]*;\s*)?[A-Za-z_]\w* \+= )/g;

const IN_TEXT: readonly { readonly name: string; readonly change: (source: string) => string }[] = [
  { name: 'a sum that leaves out the last sixteenth', change: (source) => source.replace(LOOP, '$1($3) - (($3) + 15) / 16$4') },
  { name: 'sums in f16', change: (source) => rounded(source, '(_Float16)') },
  { name: 'sums in bf16', change: (source) => rounded(source, 'kiln_bf16') },
];

const BF16 =
  'static inline float kiln_bf16(double d) { float f = (float)d; unsigned b; __builtin_memcpy(&b, &f, 4); b = (b + 0x7fff + (b >> 16 & 1)) & 0xffff0000u; __builtin_memcpy(&f, &b, 4); return f; }\n';

const rounded = (source: string, to: string): string => {
  const changed = source.replace(SUM, `$1 = ${to}($1 + ($2));`);
  if (changed === source) return source;
  const end = changed.indexOf('*/') + 2;
  return to === 'kiln_bf16' ? `${changed.slice(0, end)}\n${BF16}${changed.slice(end)}` : changed;
};

/** Of a definition for the cpu device. The first is the reference itself, which must pass. */
export const mutantsOf = (definition: ProblemDefinition): readonly Mutant[] => [
  { name: 'the reference itself', unit: definition.reference, plans: plansOf(definition, (item) => item.reference) },
  ...AFTER.flatMap((after) => changedAfter(definition, after)),
  ...IN_TEXT.flatMap(({ name, change }) => {
    const source = change(definition.reference.source);
    if (source === definition.reference.source) return [];
    return [{ name, unit: { ...definition.reference, source }, plans: plansOf(definition, (item) => item.reference) }];
  }),
];

const plansOf = (definition: ProblemDefinition, plan: (item: DefinedCase) => ResolvedPlan): Mutant['plans'] =>
  Object.fromEntries(definition.cases.map((item) => [item.name, plan(item)]));

const isOut = ({ role }: ResolvedTensor): boolean => role !== 'in';

const changedAfter = (definition: ProblemDefinition, after: After): readonly Mutant[] => {
  const outputs = definition.cases[0]?.tensors.filter(isOut) ?? [];
  const { rtol, relative_l2: l2 } = definition.tolerance;
  const factor = 1 + 10 * Math.max(rtol, l2, 1e-7);
  const bodies = outputs.map(({ dtype }) => after.body(dtype, factor));
  if (bodies.every((body) => body === null)) return [];
  const functions = outputs.map(({ dtype }, i) => functionOf(`${NAME}_${i}`, C_TYPE[dtype][0], bodies[i] ?? ''));
  const source = `${definition.reference.source}\n#include <stdlib.h>\n#include <string.h>\n${functions.join('')}`;
  return [
    {
      name: after.name,
      unit: { ...definition.reference, source },
      plans: plansOf(definition, (item) => withLaunches(item, after)),
    },
  ];
};

const functionOf = (name: string, type: string, body: string): string =>
  `void ${name}(${type}* y, long n, const char* x, long m) { ${body} }\n`;

const withLaunches = (item: DefinedCase, { keep, readsInput }: After): ResolvedPlan => {
  const input = item.tensors.find(({ role }) => role !== 'out');
  const launches = item.tensors.filter(isOut).map((output, i): ResolvedLaunch => {
    const from = readsInput && input ? input : output;
    return {
      ...item.reference.launches[0],
      kernel: `${NAME}_${i}`,
      grid: [1, 1, 1],
      block: [1, 1, 1],
      cluster: null,
      shared: 0,
      args: [
        { kind: 'tensor', name: output.name },
        { kind: 'scalar', dtype: 'i64', value: output.elements },
        { kind: 'tensor', name: from.name },
        { kind: 'scalar', dtype: 'i64', value: from.elements * DTYPE_BYTES[from.dtype] },
      ],
    };
  });
  return { ...item.reference, launches: [...(keep ? item.reference.launches : []), ...launches] };
};
