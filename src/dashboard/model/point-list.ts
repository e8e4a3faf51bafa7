/**
 * The points of a sweep as they become known. What has its last word is not asked for again: each look begins behind the longest beginning in which
 * no point is open or missing. Pure.
 */
export interface ListedPoint {
  readonly number: number;
  readonly reported: number | null;
  readonly verdict: string | null;
}

export interface PointList<Point extends ListedPoint> {
  /** Ask for what comes after this number. */
  after(): number;
  take(points: readonly Point[]): void;
  /** In their order; the same array until something changed. */
  all(): readonly Point[];
  /** Verdicts may have been taken back: all of it is asked for again. */
  forget(): void;
}

/** `isReported`: verdicts are told to the sweep's strategy, and a point is open until that. */
export const createPointList = <Point extends ListedPoint>(isReported: boolean): PointList<Point> => {
  const known = new Map<number, Point>();
  let shown: readonly Point[] = [];
  let isShown = true;
  /** Points from 0 on that have their last word. */
  let finals = 0;
  /** Told since all was asked for again. */
  const fresh = new Set<number>();
  const isFinal = (point: Point | undefined): boolean =>
    point !== undefined && fresh.has(point.number) && point.verdict !== null && (!isReported || point.reported !== null);
  return {
    after: () => {
      while (isFinal(known.get(finals))) finals += 1;
      return finals - 1;
    },
    take: (points) => {
      for (const point of points) {
        fresh.add(point.number);
        if (JSON.stringify(known.get(point.number)) === JSON.stringify(point)) continue;
        known.set(point.number, point);
        isShown = false;
      }
    },
    all: () => {
      if (!isShown) shown = [...known.values()].toSorted((one, other) => one.number - other.number);
      isShown = true;
      return shown;
    },
    forget: () => {
      fresh.clear();
      finals = 0;
    },
  };
};
