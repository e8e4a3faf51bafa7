/** How often a device (or a pool's compiler) refused what it was given, lately and before; and when that is out of line. Pure. */

/** Verdicts that are looked at as the latest. */
const RECENT_MAX = 32;
/** The last so many are looked at each for themselves; fewer say nothing. */
const LOOKS = [8, 16, RECENT_MAX] as const;
/** A burst as large comes by chance once in so many looks. */
const BURST_CHANCE = 1e-5;
/** Older verdicts count for less: above so many, all of them are halved. */
const PAST_MAX = 1_024;

export interface Count {
  readonly total: number;
  /** Anything but passed (or compiled). */
  readonly bad: number;
}

export interface Tally {
  /** Oldest first. */
  readonly recent: boolean[];
  past: Count;
}

const NOTHING_COUNTED: Count = { total: 0, bad: 0 };

export const createTally = (): Tally => ({ recent: [], past: NOTHING_COUNTED });

export const countVerdict = (tally: Tally, isBad: boolean): void => {
  tally.recent.push(isBad);
  if (tally.recent.length > RECENT_MAX) tally.past = decayed(plus(tally.past, countOf([tally.recent.shift() ?? false])));
};

/** The latest are explained: a new burst needs new evidence. */
export const absorb = (tally: Tally): void => {
  tally.past = decayed(plus(tally.past, recentOf(tally)));
  tally.recent.length = 0;
};

export const recentOf = (tally: Tally): Count => countOf(tally.recent);

export const sum = (counts: readonly Count[]): Count => counts.reduce(plus, NOTHING_COUNTED);

const plus = (one: Count, other: Count): Count => ({ total: one.total + other.total, bad: one.bad + other.bad });

/**
 * Would so many of the last ones be bad by chance, if each were with the chance that is usual: that of `others`, or of what was judged here
 * before them where there are no others? Where neither shows anything, every fourth one is.
 */
export const isBurst = ({ recent, past }: Tally, others: Count): boolean =>
  LOOKS.some((size) => {
    if (recent.length < size) return false;
    const usual = others.total > 0 ? others : plus(past, countOf(recent.slice(0, -size)));
    return upperTail(countOf(recent.slice(-size)), (usual.bad + 1) / (usual.total + 4)) < BURST_CHANCE;
  });

/** Binomial: at least `bad` of `total`. Summed from there on, since one minus the rest would lose what is small. */
const upperTail = ({ total, bad }: Count, chance: number): number => {
  let term = (1 - chance) ** total;
  let tail = 0;
  for (let count = 0; count <= total; count += 1) {
    if (count >= bad) tail += term;
    term *= ((total - count) / (count + 1)) * (chance / (1 - chance));
  }
  return tail;
};

const countOf = (verdicts: readonly boolean[]): Count => ({
  total: verdicts.length,
  bad: verdicts.filter(Boolean).length,
});

const decayed = (count: Count): Count => (count.total > PAST_MAX ? { total: count.total / 2, bad: count.bad / 2 } : count);
