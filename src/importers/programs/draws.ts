/** Distributions of a problem's tensors, from how each case drew them. Pure. */
import { DistributionSpec } from '../../domain/problem.ts';
import { issuesText } from '../../platform/issue-text.ts';
import type { Draw } from './described-draw.ts';
import { RefusedFile } from './refused-file.ts';
import type { Shapes } from './shapes.ts';

export interface Drawn {
  readonly distribution: DistributionSpec;
  /** Of the cases that draw it in another way. */
  readonly others: ReadonlyMap<number, DistributionSpec>;
}

/** `draws`: of one tensor, in the order of the cases. */
export const drawnOf = (draws: readonly Draw[], shapes: Shapes, wish: string): Drawn => {
  const bounds = integerBounds(draws, shapes, wish);
  if (bounds) return { distribution: bounds, others: new Map() };
  const texts = draws.map((draw) => JSON.stringify(draw));
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const [most] = [...counts].toSorted(([, a], [, b]) => b - a)[0] ?? [];
  const usual = draws.find((_draw, index) => texts[index] === most) ?? { kind: 'empty' };
  const others = draws.flatMap((draw, index) => (texts[index] === most ? [] : [[index, specOf(draw)] as const]));
  return { distribution: specOf(usual), others: new Map(others) };
};

/** Integers whose bounds follow the sizes, such as indices of a table's rows. */
const integerBounds = (
  draws: readonly Draw[],
  shapes: Shapes,
  wish: string,
): Extract<DistributionSpec, { readonly kind: 'integers' }> | null => {
  if (!draws.every((draw) => draw.kind === 'integers')) return null;
  const [low, high] = [draws.map((draw) => Number(draw['low'])), draws.map((draw) => Number(draw['high']))];
  const sorted = draws.filter((draw) => draw['sorted'] === true).length;
  if (sorted !== 0 && sorted !== draws.length) return null;
  const isSame = [...low.map((one) => one === low[0]), ...high.map((one) => one === high[0])].every(Boolean);
  if (!isSame && low.some((one) => one !== low[0])) return null;
  const last = isSame
    ? (high[0] ?? 0)
    : shapes.expression(
        high.map((one) => one + 1),
        `${wish}_values`,
      );
  const found = specOf({ kind: 'integers', low: low[0], high: isSame ? last : `${last}-1`, ...(sorted > 0 && { sorted: true }) });
  return found.kind === 'integers' ? found : null;
};

/** Of a tensor that the file's own code computes. `draws`: of integers, in the order of the cases; those of all give it bounds. */
export const derivedOf = (draws: readonly Draw[], shapes: Shapes, wish: string): DistributionSpec => {
  const bounds = draws.length > 0 ? integerBounds(draws, shapes, wish) : null;
  return specOf({ kind: 'derived', ...(bounds && { low: bounds.low, high: bounds.high }) });
};

/** Bounds of all that a draw of integers can be, whatever else is said of it. */
export const integersOf = (draw: Draw, length = 1): Draw | null => {
  const { low, high } = draw;
  if (draw.kind === 'integers' && typeof low === 'number' && typeof high === 'number') return { kind: 'integers', low, high };
  if (draw.kind === 'permutation') return { kind: 'integers', low: 0, high: length - 1 };
  return draw.kind === 'bernoulli' ? { kind: 'integers', low: 0, high: 1 } : null;
};

/** Of a tensor that is never set: nobody may ask what it holds. */
const UNSET = { kind: 'zeros' };

const specOf = (draw: Draw): DistributionSpec => {
  const parsed = DistributionSpec.safeParse(draw.kind === 'empty' ? UNSET : draw);
  if (parsed.success) return parsed.data;
  throw new RefusedFile(`a distribution of kind ${draw.kind} cannot be held: ${issuesText(parsed.error)}`);
};
