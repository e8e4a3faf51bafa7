/** What a file drew while it made its inputs, as raw tensors that the judge draws: draws of one kind share one, each with a part of its own. Pure. */
import { z } from 'zod';
import { DescribedDraw, type Draw, typed } from './described-draw.ts';

/** `operations`: that make or change a tensor. `read`: a value that the host learned, in words. */
export const RawDraws = z.strictObject({
  draws: z.array(
    z.strictObject({
      ...typed,
      draw: DescribedDraw,
      /** How many like it follow each other. */
      times: z.int().positive(),
    }),
  ),
  operations: z.int().min(0),
  read: z.string().nullable(),
});
export type RawDraws = z.infer<typeof RawDraws>;

/** One raw tensor of a case. */
export interface Pool {
  readonly dtype: string;
  readonly draw: Draw;
  readonly elements: number;
  /** Of each draw. */
  readonly shapes: readonly (readonly number[])[];
}

export interface Pooled {
  readonly pools: readonly Pool[];
  /** [pool, draws in a row that it gives], in the order of the draws. */
  readonly order: readonly (readonly [pool: number, times: number])[];
}

/** What one launch has to be for each, at least; a recording holds 960. */
const OPERATIONS_MAX = 900;
const SHAPES_KEPT = 8;

/** Why inputs cannot be derived from what was drawn; null where they can. */
export const underivable = ({ draws, operations, read }: RawDraws): string | null => {
  if (read !== null) return `${read}, which is another for every draw`;
  const odd = draws.find(({ known, draw }) => !known || draw.kind === 'unplain' || draw.kind === 'empty');
  if (odd) return odd.known ? (odd.draw.reason ?? odd.draw.kind) : `it draws ${odd.dtype}, which is none of Kiln's types`;
  if (draws.length === 0) return 'nothing of it is drawn';
  return operations > OPERATIONS_MAX
    ? `it takes ${operations} operations to make them; ${OPERATIONS_MAX} can be recorded beside their draws`
    : null;
};

export const pooled = ({ draws }: RawDraws): Pooled => {
  const pools: { dtype: string; draw: Draw; elements: number; shapes: (readonly number[])[] }[] = [];
  const order = draws.map(({ dtype, draw, shape, times }) => {
    const found = pools.find((pool) => isOne(pool, { dtype, draw }));
    const pool = found ?? { dtype, draw, elements: 0, shapes: [] };
    if (!found) pools.push(pool);
    pool.elements += times * shape.reduce((product, size) => product * size, 1);
    for (let n = 0; n < times && pool.shapes.length <= SHAPES_KEPT; n += 1) pool.shapes.push(shape);
    return [pools.indexOf(pool), times] as const;
  });
  return { pools, order };
};

/** A permutation is one as a whole. */
const isOne = (pool: Pick<Pool, 'dtype' | 'draw'>, { dtype, draw }: Pick<Pool, 'dtype' | 'draw'>): boolean =>
  draw.kind !== 'permutation' && pool.dtype === dtype && JSON.stringify(pool.draw) === JSON.stringify(draw);

/** Few enough for their sizes to be told one by one. */
export const hasAllShapes = ({ shapes }: Pool): boolean => shapes.length <= SHAPES_KEPT;
