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

/** The recent ones of many tallies together, kept in step with them: a class has thousands of devices, and each refusal asks for all others. */
export interface Lately {
  total: number;
  bad: number;
  /** Of a pool: its class's. */
  readonly within: Lately | null;
}

export interface Tally {
  /** Oldest first. */
  readonly recent: boolean[];
  /** Where the recent ones are counted too. */
  lately: Lately | null;
  past: Count;
}

const NOTHING_COUNTED: Count = { total: 0, bad: 0 };

export const createTally = (): Tally => ({ recent: [], lately: null, past: NOTHING_COUNTED });

export const countVerdict = (tally: Tally, isBad: boolean): void => {
  tally.recent.push(isBad);
  add(tally.lately, countOf([isBad]), 1);
  if (tally.recent.length <= RECENT_MAX) return;
  const oldest = countOf([tally.recent.shift() ?? false]);
  add(tally.lately, oldest, -1);
  tally.past = decayed(plus(tally.past, oldest));
};

/** The latest are explained: a new burst needs new evidence. */
export const absorb = (tally: Tally): void => {
  const latest = recentOf(tally);
  tally.past = decayed(plus(tally.past, latest));
  add(tally.lately, latest, -1);
  tally.recent.length = 0;
};

const add = (lately: Lately | null, { total, bad }: Count, sign: 1 | -1): void => {
  for (let at = lately; at; at = at.within) {
    at.total += sign * total;
    at.bad += sign * bad;
  }
};

export const createLately = (within: Lately | null): Lately => ({ total: 0, bad: 0, within });

/** From now on there, and nowhere else. */
export const countIn = (tally: Tally, lately: Lately | null): void => {
  const latest = recentOf(tally);
  add(tally.lately, latest, -1);
  tally.lately = lately;
  add(lately, latest, 1);
};

/** What is counted in all of it but not in `own`. */
export const without = (all: Count, own: Iterable<Count>): Count => {
  let { total, bad } = all;
  for (const one of own) {
    total -= one.total;
    bad -= one.bad;
  }
  return { total, bad };
};

export const recentOf = ({ recent }: Tally): Count => countOf(recent);

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
