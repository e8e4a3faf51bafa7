/** From judgements to the figures of one row. Pure. Times are milliseconds of one clock a section. */

/** The first judgements of a stream fill the pipeline and are not counted. */
const WARM_UP = 20;
const WARM_UP_SHARE_MAX = 0.2;

export interface Judgement {
  readonly deviceId: string;
  readonly verdict: string;
  readonly finishedMs: number;
  readonly totalMs: number;
  readonly measureMs: number;
  readonly checkMs: number;
  readonly loadMs: number;
  /** Idle before it though it was waiting; null where nobody tells. */
  readonly idleGapMs: number | null;
}

export interface Figures {
  readonly judged: number;
  /** Of the steady part: from the last warm-up judgement to the first device's last. */
  readonly seconds: number;
  readonly perSecond: number;
  /** Shares of the devices' time in the steady part. `other`: in a judgement, but none of these (the lock, reports). `idle`: in none. */
  readonly measuring: number;
  readonly checking: number;
  readonly loading: number;
  readonly other: number;
  readonly idle: number;
  readonly idleGapMs: { readonly p50: number; readonly p99: number } | null;
}

export const figuresOf = (judgements: readonly Judgement[]): Figures => {
  const ordered = judgements.toSorted((one, two) => one.finishedMs - two.finishedMs);
  const first = ordered[Math.min(WARM_UP, Math.floor(ordered.length * WARM_UP_SHARE_MAX))];
  if (!first) throw new Error('nothing was judged');
  const lastOfEach = [...Map.groupBy(ordered, ({ deviceId }) => deviceId).values()].map((list) => list.at(-1)?.finishedMs ?? 0);
  const endMs = Math.min(...lastOfEach);
  const steady = ordered.filter(({ finishedMs }) => finishedMs > first.finishedMs && finishedMs <= endMs);
  const wallMs = endMs - first.finishedMs;
  const deviceMs = wallMs * lastOfEach.length;
  const share = (of: (judgement: Judgement) => number): number => steady.reduce((sum, one) => sum + of(one), 0) / deviceMs;
  const gaps = steady.flatMap(({ idleGapMs }) => (idleGapMs === null ? [] : [idleGapMs]));
  return {
    judged: steady.length,
    seconds: wallMs / 1000,
    perSecond: (steady.length / wallMs) * 1000,
    measuring: share(({ measureMs }) => measureMs),
    checking: share(({ checkMs }) => checkMs),
    loading: share(({ loadMs }) => loadMs),
    other: share(({ totalMs, measureMs, checkMs, loadMs }) => totalMs - measureMs - checkMs - loadMs),
    idle: 1 - share(({ totalMs }) => totalMs),
    idleGapMs: gaps.length === 0 ? null : { p50: quantile(gaps, 0.5), p99: quantile(gaps, 0.99) },
  };
};

export const quantile = (values: readonly number[], at: number): number => {
  const sorted = values.toSorted((one, two) => one - two);
  return sorted[Math.min(sorted.length - 1, Math.floor(at * sorted.length))] ?? 0;
};

export interface Fault {
  /** From the start of the judgement to the driver's word that the context is gone. */
  readonly reportMs: number;
  /** From that word to the next judge taking work; null where the runner did not tell. */
  readonly lostMs: number | null;
  /** What the first judgement of the new judge took beyond a usual one: problem, baseline and buffers are new to it. */
  readonly rewarmMs: number | null;
}

/** In the order of their ends. `lostMs` by judgement index, as outcomes told it. */
export const faultsOf = (
  judgements: readonly (Judgement & { readonly lostMs: number | null })[],
  usualMs: number,
): readonly Fault[] =>
  [...Map.groupBy(judgements, ({ deviceId }) => deviceId).values()].flatMap((list) => {
    const ordered = list.toSorted((one, two) => one.finishedMs - two.finishedMs);
    return ordered.flatMap((one, index) => {
      if (one.verdict !== 'crashed') return [];
      const next = ordered[index + 1];
      const rewarmMs = next?.verdict === 'passed' ? next.totalMs - usualMs : null;
      return [{ reportMs: one.totalMs, lostMs: one.lostMs, rewarmMs }];
    });
  });
