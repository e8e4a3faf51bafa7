/** Inputs that a file's own code computes: raw tensors for its draws, and the program that runs it on them. Pure. */
import type { DistributionSpec } from '../../domain/problem.ts';
import { type Drawn, drawnOf } from './draws.ts';
import { EXPRESSION_CHARS_MAX, factorText } from './expression-text.ts';
import type { KeptCase } from './kept-cases.ts';
import { freeName } from './names.ts';
import { hasAllShapes, type Pool, pooled, type Pooled } from './raw-draws.ts';
import { RefusedFile } from './refused-file.ts';
import type { Shapes } from './shapes.ts';

interface Deriving {
  readonly kept: readonly KeptCase[];
  readonly shapes: Shapes;
  readonly taken: Set<string>;
}

interface RawTensor {
  readonly dtype: string | undefined;
  readonly shape: readonly (string | number)[];
  readonly distribution: DistributionSpec;
}

export interface RawTensors {
  readonly raw: Readonly<Record<string, RawTensor>>;
  /** How each is drawn, with the cases that draw it in another way. */
  readonly drawn: ReadonlyMap<string, Drawn>;
  /** Of each case. */
  readonly orders: readonly Pooled['order'][];
}

/** Throws RefusedFile where cases draw in ways that are not alike. */
export const rawTensorsOf = ({ kept, shapes, taken }: Deriving): RawTensors => {
  const found = kept.map(({ found: { raw } }) => pooled(raw));
  const first = found[0]?.pools ?? [];
  if (found.some(({ pools }) => pools.length !== first.length || pools.some(({ dtype }, at) => dtype !== first[at]?.dtype)))
    throw new RefusedFile('its cases draw other kinds of numbers');
  const drawn = new Map<string, Drawn>();
  const raw = first.map(({ dtype, draw }, at): readonly [string, RawTensor] => {
    const name = freeName(`raw_${draw.kind}`, taken);
    const pools = found.flatMap(({ pools: all }) => all[at] ?? []);
    const how = drawnOf(
      pools.map((pool) => pool.draw),
      shapes,
      name,
    );
    drawn.set(name, how);
    return [name, { dtype, shape: [elementsOf(pools, shapes, name)], distribution: how.distribution }];
  });
  tellApart({ kept, shapes });
  return { raw: Object.fromEntries(raw), drawn, orders: found.map(({ order }) => order) };
};

/** All draws of one kind, one behind the other: by the sizes of each, or a variable of its own. */
const elementsOf = (pools: readonly Pool[], shapes: Shapes, name: string): string | number => {
  const [first] = pools;
  const isAlike = pools.every((pool) => hasAllShapes(pool) && formOf(pool) === formOf(first));
  const terms = isAlike ? (first?.shapes ?? []).map((shape, draw) => shape.map((_size, axis) => sizeOf(pools, draw, axis))) : [];
  const text = terms.map((sizes) => sizes.map(factorText).join('*') || '1').join(' + ');
  if (text === '' || text.length > EXPRESSION_CHARS_MAX)
    return shapes.own(
      pools.map(({ elements }) => elements),
      `${name}_elements`,
    );
  return text;

  function sizeOf(all: readonly Pool[], draw: number, axis: number): string | number {
    return shapes.expression(
      all.map((pool) => pool.shapes[draw]?.[axis] ?? null),
      `${name}_${axis}`,
    );
  }
};

/** How many draws, of how many axes. */
const formOf = (pool: Pool | undefined): string => JSON.stringify(pool?.shapes.map(({ length }) => length));

/** The program knows a case by its sizes. */
const tellApart = ({ kept, shapes }: Pick<Deriving, 'kept' | 'shapes'>): void => {
  shapes.useArguments();
  const keys = keysOf(kept.length, shapes);
  if (new Set(keys).size === keys.length) return;
  const texts = kept.map(({ args }) => JSON.stringify(args));
  const distinct = [...new Set(texts)];
  shapes.own(
    texts.map((text) => distinct.indexOf(text) + 1),
    'variant',
  );
};

/** Of each case: the values of all variables. */
const keysOf = (count: number, shapes: Shapes): readonly string[] =>
  Array.from({ length: count }, (_, at) => [...shapes.variables().values()].map((values) => values[at] ?? 1).join());

/** Of a file, what is called in it and how. */
export type Generator = 'generate_input' | 'get_inputs';

interface Written extends Pick<Deriving, 'kept' | 'shapes'> {
  readonly generator: Generator;
  readonly raw: RawTensors;
  /** Of each tensor that is computed, in the order of problem.yaml: what leads to it in what the file hands over. */
  readonly places: readonly (readonly string[])[];
  /** Of a model: the file's variable that says how many rows there are. */
  readonly rows: string | undefined;
}

export const ENTRY = 'derive.py';

/** derive.py: which case it is, and what the file's own code is given. */
export const derivationText = ({ kept, shapes, generator, raw, places, rows }: Written): string => {
  const variables = [...shapes.variables().keys()];
  const keys = keysOf(kept.length, shapes);
  const cases = Object.fromEntries(
    kept.map(({ args }, at) => {
      const globals = rows !== undefined && 'batch' in args ? { [rows]: args['batch'] } : {};
      return [keys[at] ?? '', { order: raw.orders[at], ...(generator === 'get_inputs' ? { globals } : { args }) }];
    }),
  );
  const tensors = Object.keys(raw.raw).join(', ');
  const runs = generator === 'get_inputs' ? 'from_model' : 'from_task';
  return [
    `"""Made by kiln import: runs \`${generator}\` of reference.py on draws that Kiln makes."""`,
    'import json',
    '',
    // Before reference.py: what its draws are replaced by has to be there.
    `from kiln_derive import ${runs}`,
    'import reference',
    '',
    `CASES = json.loads(${pythonText(cases)})`,
    `PLACES = json.loads(${pythonText(places)})`,
    '',
    '',
    `def inputs(${[tensors, ...variables].join(', ')}):`,
    `    case = CASES[",".join(str(one) for one in (${variables.join(', ')},))]`,
    `    return ${runs}(reference, case, (${tensors},), PLACES)`,
    '',
  ].join('\n');
};

/** JSON within quotes that both languages read alike. */
const pythonText = (value: unknown): string => JSON.stringify(JSON.stringify(value));
