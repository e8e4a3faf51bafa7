/**
 * Pairs of programs that answer, which came to nothing by what one of the two did. Whose fault it was is not always known, so it costs no verdict; but a
 * record holder that meets it with one challenger after another is judged again, with these. An honest one wins its place back.
 *
 * Every change is noted for the store: a holder does not begin anew with each life of the daemon.
 */
import type { CandidateId } from '../../domain/ids.ts';
import type { PairNote } from '../../domain/ports/store-rows.ts';
import { BoundedMap } from '../../platform/bounded-map.ts';

/** Different ones in a row, so that one that does it to everybody costs nobody a record. */
const CHALLENGERS_MAX = 3;
/** Holders that are remembered: those of rankings that are challenged now. */
const HOLDERS_MAX = 1000;
export const FAILED_PAIRS_MAX = CHALLENGERS_MAX * HOLDERS_MAX;

export interface Pair {
  readonly holder: CandidateId;
  readonly challenger: CandidateId;
}

export interface FailedPairs {
  /** As the store has them. */
  recover(notes: readonly PairNote[]): void;
  /** Returns who is to be judged again: the holder, then its challengers; empty while it is too early to say. */
  onFailed(pair: Pair): readonly CandidateId[];
  onMeasured(pair: Pair): void;
  /** They are judged again. */
  forget(holder: CandidateId): void;
}

export const createFailedPairs = (note: (change: PairNote) => void): FailedPairs => {
  const challengers = new BoundedMap<CandidateId, ReadonlySet<CandidateId>>(HOLDERS_MAX);
  const add = ({ holder, challenger }: Pair): ReadonlySet<CandidateId> => {
    const all = new Set([...(challengers.get(holder) ?? []), challenger]);
    challengers.set(holder, all);
    return all;
  };
  const forget = (holder: CandidateId): void => {
    if (!challengers.has(holder)) return;
    challengers.delete(holder);
    note({ holder, challenger: null });
  };
  return {
    recover: (notes) => {
      for (const { holder, challenger } of notes) if (challenger !== null) add({ holder, challenger });
    },
    onFailed: (pair) => {
      const all = add(pair);
      note(pair);
      return all.size < CHALLENGERS_MAX ? [] : [pair.holder, ...all];
    },
    onMeasured: ({ holder }) => forget(holder),
    forget,
  };
};
