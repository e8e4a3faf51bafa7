/**
 * Pairs of programs that answer, which came to nothing by what one of the two did. Whose fault it was is not always known, so it costs no verdict; but a
 * record holder that meets it with one challenger after another is judged again, with these. An honest one wins its place back.
 */
import type { CandidateId } from '../../domain/ids.ts';
import { BoundedMap } from '../../platform/bounded-map.ts';

/** Different ones in a row, so that one that does it to everybody costs nobody a record. */
const CHALLENGERS_MAX = 3;
/** Holders that are remembered: those of rankings that are challenged now. */
const HOLDERS_MAX = 1000;

export interface Pair {
  readonly holder: CandidateId;
  readonly challenger: CandidateId;
}

export interface FailedPairs {
  /** Returns who is to be judged again: the holder, then its challengers; empty while it is too early to say. */
  onFailed(pair: Pair): readonly CandidateId[];
  onMeasured(pair: Pair): void;
  /** They are judged again. */
  forget(holder: CandidateId): void;
}

export const createFailedPairs = (): FailedPairs => {
  const challengers = new BoundedMap<CandidateId, ReadonlySet<CandidateId>>(HOLDERS_MAX);
  return {
    onFailed: ({ holder, challenger }) => {
      const all = new Set([...(challengers.get(holder) ?? []), challenger]);
      challengers.set(holder, all);
      return all.size < CHALLENGERS_MAX ? [] : [holder, ...all];
    },
    onMeasured: ({ holder }) => challengers.delete(holder),
    forget: (holder) => challengers.delete(holder),
  };
};
