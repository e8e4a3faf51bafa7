/** Agreement of two rankings of the same things. Pure. */

/** What one ranking says of one thing: a value with its interval, larger is better. */
export interface Ranked {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface Agreement {
  /** Kendall's tau-b over all pairs: 1 the same order, -1 the reverse. NaN where one ranking is all ties. */
  readonly tau: number;
  /** Of the pairs whose intervals overlap in neither ranking: concordant less discordant, divided by their number. */
  readonly tauApart: number;
  readonly pairs: number;
  readonly pairsApart: number;
}

/** `first[i]` and `second[i]` are the same thing. */
export const agreement = (first: readonly Ranked[], second: readonly Ranked[]): Agreement => {
  const pairs = first.flatMap((one, index) =>
    first.slice(0, index).map((other, before) => ({
      first: Math.sign(one.value - other.value),
      second: Math.sign((second[index]?.value ?? 0) - (second[before]?.value ?? 0)),
      apart: areApart(one, other) && areApart(second[index], second[before]),
    })),
  );
  const apart = pairs.filter((pair) => pair.apart);
  const untied = (of: 'first' | 'second'): number => pairs.filter((pair) => pair[of] !== 0).length;
  return {
    tau: surplus(pairs) / Math.sqrt(untied('first') * untied('second')),
    tauApart: surplus(apart) / apart.length,
    pairs: pairs.length,
    pairsApart: apart.length,
  };
};

const areApart = (one: Ranked | undefined, other: Ranked | undefined): boolean =>
  one !== undefined && other !== undefined && (one.low > other.high || other.low > one.high);

/** Concordant pairs less discordant ones. */
const surplus = (pairs: readonly { readonly first: number; readonly second: number }[]): number =>
  pairs.reduce((sum, pair) => sum + pair.first * pair.second, 0);
