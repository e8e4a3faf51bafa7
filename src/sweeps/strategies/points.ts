/** Points asked for one after the other. */

/** Fewer where `next` has no more. */
export const pointsFrom = (count: number, next: () => number | null): readonly number[] => {
  const points: number[] = [];
  while (points.length < count) {
    const point = next();
    if (point === null) break;
    points.push(point);
  }
  return points;
};
