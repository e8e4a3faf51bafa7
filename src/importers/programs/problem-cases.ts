/** Check and bench cases of a problem, by its variables. Pure. */
import { CASES_MAX } from '../../domain/problem.ts';
import type { Drawn } from './draws.ts';
import type { KeptCase } from './kept-cases.ts';
import { freeName } from './names.ts';
import type { Shapes } from './shapes.ts';

interface Naming {
  readonly kept: readonly KeptCase[];
  readonly drawn: ReadonlyMap<string, Drawn>;
  readonly shapes: Shapes;
}

interface Cases {
  readonly variables: readonly string[];
  readonly check: readonly object[];
  readonly bench: readonly object[];
  readonly notes: readonly string[];
}

export const casesOf = ({ kept, drawn, shapes }: Naming): Cases => {
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
