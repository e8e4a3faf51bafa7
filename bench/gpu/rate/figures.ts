/** From judgements to the figures of one row. Pure. Times are milliseconds of one clock a section. */

/** The first judgements of a stream fill the pipeline and are not counted. */
const WARM_UP = 20;
const WARM_UP_SHARE_MAX = 0.2;

export interface Judgement {
  /** Names its candidate over all sections. */
  readonly key: string;
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
  const { steady, wallMs, deviceMs } = steadyPart(judgements);
  const share = (of: (judgement: Judgement) => number): number => sumOf(steady, of) / deviceMs;
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

interface SteadyPart {
  readonly steady: readonly Judgement[];
  readonly wallMs: number;
  /** Wall time of all devices together. */
  readonly deviceMs: number;
}

const steadyPart = (judgements: readonly Judgement[]): SteadyPart => {
  const ordered = inOrder(judgements);
  const first = ordered[Math.min(WARM_UP, Math.floor(ordered.length * WARM_UP_SHARE_MAX))];
  if (!first) throw new Error('nothing was judged');
  const lastOfEach = [...Map.groupBy(ordered, ({ deviceId }) => deviceId).values()].map((list) => list.at(-1)?.finishedMs ?? 0);
  const endMs = Math.min(...lastOfEach);
  const wallMs = endMs - first.finishedMs;
  const steady = ordered.filter(({ finishedMs }) => finishedMs > first.finishedMs && finishedMs <= endMs);
  return { steady, wallMs, deviceMs: wallMs * lastOfEach.length };
};

const inOrder = <One extends Judgement>(judgements: readonly One[]): readonly One[] =>
  judgements.toSorted((one, two) => one.finishedMs - two.finishedMs);

const sumOf = <One>(list: readonly One[], of: (one: One) => number): number => list.reduce((sum, one) => sum + of(one), 0);

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

export type WithLoss = Judgement & { readonly lostMs: number | null };

/** `usual`: how long a candidate takes a warm judge, by its key. */
export const faultsOf = (judgements: readonly WithLoss[], usual: UsualTimes): readonly Fault[] =>
  [...Map.groupBy(judgements, ({ deviceId }) => deviceId).values()].flatMap((list) => {
    const ordered = inOrder(list);
    return ordered.flatMap((one, index) => {
      if (one.verdict !== 'crashed') return [];
      const next = ordered[index + 1];
      const rewarmMs = next?.verdict === 'passed' ? next.totalMs - usual(next.key) : null;
      return [{ reportMs: one.totalMs, lostMs: one.lostMs, rewarmMs }];
    });
  });

/** What a fault cost its device beyond the report, on average: the steady part less every other candidate's usual time. Null without faults. */
export const costOfFaultMs = (judgements: readonly Judgement[], usual: UsualTimes): number | null => {
  const { steady, deviceMs } = steadyPart(judgements);
  const faults = steady.filter(({ verdict }) => verdict === 'crashed').length;
  if (faults === 0) return null;
  const accountedMs = sumOf(steady, ({ verdict, key, totalMs }) => (verdict === 'crashed' ? totalMs : usual(key)));
  return (deviceMs - accountedMs) / faults;
};

export type UsualTimes = (key: string) => number;

/** From a run without faults: the time from one end to the next, so that what lies between two judgements is part of it. */
export const usualTimesOf = (judgements: readonly Judgement[]): UsualTimes => {
  const passed = judgements.filter(({ verdict }) => verdict === 'passed');
  const known = new Map(passed.map(({ key, totalMs }) => [key, totalMs]));
  const { steady, deviceMs } = steadyPart(judgements);
  const betweenMs = (deviceMs - sumOf(steady, ({ totalMs }) => totalMs)) / steady.length;
  const middle = quantile([...known.values()], 0.5);
  return (key) => (known.get(key) ?? middle) + betweenMs;
};
