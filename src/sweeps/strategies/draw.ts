/** Points that nobody asked for yet, drawn one by one. */
import type { Space } from '../../domain/sweep/space.ts';
import { below, type Random } from '../../platform/random.ts';

const DRAWS_MAX = 64;
/** Looked at, one after the other, when drawing finds nothing. */
const SCANNED_MAX = 200_000;

export interface Drawing {
  readonly space: Space;
  readonly seen: ReadonlySet<number>;
  readonly random: Random;
}

export const isNew = ({ space, seen }: Omit<Drawing, 'random'>, point: number): boolean =>
  !seen.has(point) && space.isValid(point);

/** Null where nothing new is left, or so little that it was not found. */
export const drawPoint = (drawing: Drawing): number | null => {
  const { space, random } = drawing;
  for (let draw = 0; draw < DRAWS_MAX; draw += 1) {
    const point = below(random, space.size);
    if (isNew(drawing, point)) return point;
  }
  const start = below(random, space.size);
  for (let step = 0; step < Math.min(space.size, SCANNED_MAX); step += 1) {
    const point = (start + step) % space.size;
    if (isNew(drawing, point)) return point;
  }
  return null;
};
