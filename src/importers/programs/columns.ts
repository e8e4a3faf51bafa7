/** A number of each case as one expression over shape variables. Pure. */

/** One value a case; null where it is not known. */
export type Column = readonly (number | null)[];

/** Name -> its values, in the order of the cases. */
export type Variables = ReadonlyMap<string, readonly number[]>;

const FACTORS = [2, 3, 4, 8, 16, 32, 64, 128, 256, 512, 1024] as const;
const STEPS = [1, 2, 3] as const;

/** Null: by none of the forms that are tried. A number that is the same in all cases is a number, or the one variable that always has it. */
export const expressionOf = (column: Column, variables: Variables): string | number | null => {
  const known = column.filter((value) => value !== null);
  const [first] = known;
  if (first === undefined) return null;
  const same = [...variables].filter(([, values]) => agrees(column, values));
  if (known.every((value) => value === first)) return same.length === 1 && first > 1 ? (same[0]?.[0] ?? first) : first;
  if (same[0]) return same[0][0];
  for (const { text, values } of candidates(variables)) if (agrees(column, values)) return text;
  return null;
};

const agrees = (column: Column, values: readonly number[]): boolean =>
  column.every((value, index) => value === null || value === values[index]);

interface Candidate {
  readonly text: string;
  readonly values: readonly number[];
}

/** Of what changes between the cases alone: all others are numbers. Simpler ones first. */
const candidates = function* (variables: Variables): Generator<Candidate> {
  const moving = [...variables].filter(([, values]) => new Set(values).size > 1);
  for (const [name, values] of moving) {
    for (const factor of FACTORS) {
      yield { text: `${name}*${factor}`, values: values.map((value) => value * factor) };
      yield { text: `${name}/${factor}`, values: values.map((value) => Math.trunc(value / factor)) };
      yield { text: `ceil_div(${name}, ${factor})`, values: values.map((value) => Math.ceil(value / factor)) };
    }
    for (const step of STEPS) {
      yield { text: `${name}+${step}`, values: values.map((value) => value + step) };
      yield { text: `${name}-${step}`, values: values.map((value) => value - step) };
    }
  }
  for (const [name, values] of variables) for (const [other, others] of variables) yield* pairs([name, values], [other, others]);
};

type Variable = readonly [name: string, values: readonly number[]];

const pairs = function* ([name, values]: Variable, [other, others]: Variable): Generator<Candidate> {
  if (name === other) return;
  const of = (combine: (a: number, b: number) => number): readonly number[] =>
    values.map((value, index) => combine(value, others[index] ?? 0));
  yield { text: `${name}*${other}`, values: of((a, b) => a * b) };
  yield { text: `${name}+${other}`, values: of((a, b) => a + b) };
  yield { text: `${name}-${other}`, values: of((a, b) => a - b) };
  yield { text: `${name}-${other}+1`, values: of((a, b) => a - b + 1) };
  yield { text: `${name}+${other}-1`, values: of((a, b) => a + b - 1) };
  yield { text: `${name}/${other}`, values: of((a, b) => Math.trunc(a / b)) };
  yield { text: `ceil_div(${name}, ${other})`, values: of((a, b) => Math.ceil(a / b)) };
};
