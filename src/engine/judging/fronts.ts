/**
 * The front of each ranking, in memory: the hot path must not ask the store.
 *
 * Invariant: nobody stays stopped early whom the front is within reach of. It can only come nearer where a verdict of the front is taken back, where a
 * daemon starts (its settings, and what became of the one before), and where somebody was stopped by a front that has changed since: then the ranking
 * is `doubted` until reopen-stopped.ts has looked.
 */
import type { CandidateId } from '../../domain/ids.ts';
import type { CaseTiming } from '../../domain/measurement.ts';
import type { FrontKey, Store } from '../../domain/ports/store.ts';
import { type Front, isInReach, neededOf, withEntry } from '../../domain/ranking/front.ts';
import type { RecordHolder } from '../../domain/ranking/score.ts';
import type { Score } from '../../domain/ranking/ranking.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import { createModelReader, type Model, textOf } from './ranking-keys.ts';

export interface Scored {
  readonly candidateId: CandidateId;
  readonly score: Score;
  readonly timings: readonly CaseTiming[];
}

export interface Fronts {
  /** How many places belong to a front; 0: nobody is stopped early. */
  readonly places: number;
  /** Reads the fronts of every problem on these models once. */
  ensure(models: readonly Model[]): Promise<void>;
  /** Of one problem more, on all of these models. */
  ensureProblem(loaded: LoadedProblem): Promise<void>;
  front(key: FrontKey): Front;
  /**
   * A candidate has its final score, that counts for the ranking. True: it was stopped by a front that has changed since, and the ranking is
   * to be doubted again once that is in the store.
   */
  note(key: FrontKey, scored: Scored): boolean;
  /** The holder was measured again. */
  refine(key: FrontKey, holder: RecordHolder): void;
  /** Verdicts were taken back, of whatever ranking: those whose front lost somebody are in doubt. */
  onTakenBack(ids: readonly CandidateId[]): void;
  doubt(key: FrontKey): void;
  doubted(): readonly FrontKey[];
  /** Reads the front again. Who was noted meanwhile stays in it. */
  read(key: FrontKey): Promise<Front>;
  /** Nobody who was stopped could reach it. */
  trust(key: FrontKey): void;
}

export const createFronts = (
  store: Pick<Store, 'front' | 'withStopped'>,
  problems: Iterable<LoadedProblem>,
  places: number,
): Fronts => {
  const fronts = new Map<string, { readonly key: FrontKey; readonly front: Front }>();
  const doubted = new Map<string, FrontKey>();
  /** Since the store was asked for what it has not answered: its answer may be older. */
  const takenBack = new Set<CandidateId>();
  let reads = 0;

  const front = (key: FrontKey): Front => fronts.get(textOf(key))?.front ?? [];

  const read = async (key: FrontKey): Promise<Front> => {
    const whole = [...(await asked(key)), ...front(key)].reduce<Front>((into, entry) => withEntry(into, entry, places), []);
    fronts.set(textOf(key), { key, front: whole });
    return whole;
  };

  const asked = async (key: FrontKey): Promise<Front> => {
    reads += 1;
    try {
      const entries = await store.front(key, places);
      return entries.filter(({ candidateId }) => !takenBack.has(candidateId));
    } finally {
      reads -= 1;
      if (reads === 0) takenBack.clear();
    }
  };

  const readAll = async (keys: readonly FrontKey[]): Promise<void> => {
    if (places === 0) return;
    for (const key of keys) await read(key);
    for (const key of await store.withStopped(keys)) doubt(key);
  };

  const doubt = (key: FrontKey): void => void doubted.set(textOf(key), key);

  const note = (key: FrontKey, { candidateId, score, timings }: Scored): boolean => {
    if (places === 0) return false;
    const { stopped, rankKey, timeNs } = score;
    if (stopped) {
      const needed = neededOf(front(key), places);
      const couldReach = needed === null || isInReach(stopped, needed);
      if (couldReach) doubt(key);
      return couldReach;
    }
    const caseNs = Object.fromEntries(timings.map((timing) => [timing.case, timing.candidate.medianNs]));
    fronts.set(textOf(key), { key, front: withEntry(front(key), { candidateId, rankKey, timeNs, caseNs }, places) });
    return false;
  };

  const refine = (key: FrontKey, { candidateId, score: { rankKey, timeNs } }: RecordHolder): void => {
    const known = front(key).find((entry) => entry.candidateId === candidateId);
    if (known) fronts.set(textOf(key), { key, front: withEntry(front(key), { ...known, rankKey, timeNs }, places) });
  };

  const onTakenBack = (ids: readonly CandidateId[]): void => {
    const gone = new Set(ids);
    if (reads > 0) for (const id of ids) takenBack.add(id);
    for (const [name, { key, front: before }] of fronts) {
      const left = before.filter(({ candidateId }) => !gone.has(candidateId));
      if (left.length === before.length) continue;
      fronts.set(name, { key, front: left });
      doubted.set(name, key);
    }
  };

  return {
    places,
    front,
    note,
    refine,
    onTakenBack,
    read,
    ...createModelReader(problems, readAll),
    doubt,
    doubted: () => [...doubted.values()],
    trust: (key) => void doubted.delete(textOf(key)),
  };
};
