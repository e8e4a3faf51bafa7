/**
 * Who is judged in which hidden case. A kernel with a plan gets one for each judgement. A program's own is recorded with it: one is drawn when it is made
 * ready, and is the same in all judgements of that. Where a problem's own programs are recorded, each of these is of a set that hosts record ahead, which is
 * drawn anew with every start of the daemon and after SET_USES_MAX draws from it. Nobody but hosts is told before a verdict.
 */
import type { CandidateId, ContentHash } from '../domain/ids.ts';
import type { DefinedCase } from '../domain/protocol.ts';
import { BoundedMap } from '../platform/bounded-map.ts';
import {
  drawHidden,
  drawHiddenSet,
  HIDDEN_DRAWS_MAX,
  type HiddenCase,
  type HiddenSet,
  type RandomInt,
} from '../problems/hidden.ts';
import type { LoadedProblem } from '../problems/load-problems.ts';
import { PlanError } from '../problems/plan-error.ts';
import { type Target, targetOf } from '../problems/targets.ts';
import type { ActiveCandidate } from './active-candidates.ts';

/** Recording a set takes a device some seconds; whoever tries candidates to learn it has as many as this. */
const SET_USES_MAX = 1024;
/** Programs that hold a record, and those judged lately. */
const PROGRAMS_MAX = 4096;
/** As many as a runner keeps. */
const VERSIONS_MAX = 512;

export interface DrawnCase {
  readonly item: HiddenCase;
  readonly defined: DefinedCase;
  /** That it is of; null where no program of the problem's is recorded. */
  readonly hiddenSet: HiddenSet | null;
}

export interface HiddenCases {
  /** Null for a problem that declares no bounds, and for one whose own code all has plans. */
  setOf(loaded: LoadedProblem, target: Target): HiddenSet | null;
  /** Null for a problem that declares no bounds, or none within which a case can be made. */
  draw(loaded: LoadedProblem, target: Target): DrawnCase | null;
  /** Of a program: the same for as long as it is held. */
  ofProgram(candidate: Program): DrawnCase | null;
  /** What the program was made ready for last; null where that is not known. */
  lastOf(id: CandidateId): DrawnCase | null;
}

type Program = Pick<ActiveCandidate, 'id' | 'loaded' | 'submission' | 'hidden'>;
interface Kept {
  readonly hiddenSet: HiddenSet;
  uses: number;
}

/** `onBroken`: told of a shape within a problem's bounds for which there is no case; another one is drawn. */
export const createHiddenCases = (
  randomInt: RandomInt,
  onBroken: (problem: string, item: HiddenCase, reason: string) => void,
): HiddenCases => {
  /** By the version of the problem, whichever reading of its folder that is. */
  const kept = new BoundedMap<ContentHash, Kept>(VERSIONS_MAX);
  const programs = new BoundedMap<CandidateId, DrawnCase>(PROGRAMS_MAX);
  /** Of sets, each of whose cases is asked for again and again. */
  const ofSets = new WeakMap<HiddenCase, DefinedCase>();

  const defined = (loaded: LoadedProblem, target: Target, item: HiddenCase): DefinedCase | null => {
    try {
      return loaded.hiddenCase(target, item);
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      onBroken(loaded.problem.name, item, `${error.field}: ${error.message}`);
      return null;
    }
  };

  const keptOf = (loaded: LoadedProblem, target: Target): Kept | null => {
    const version = loaded.contentHash(target);
    const known = kept.use(version);
    if (known && known.uses < SET_USES_MAX) return known;
    const hiddenSet = drawHiddenSet(loaded.problem, randomInt, (item) => {
      const made = defined(loaded, target, item);
      if (made) ofSets.set(item, made);
      return made !== null;
    });
    if (!hiddenSet) return null;
    const made = { hiddenSet, uses: 0 };
    kept.set(version, made);
    return made;
  };

  const fromSet = (loaded: LoadedProblem, target: Target): DrawnCase | null => {
    const found = keptOf(loaded, target);
    if (!found) return null;
    found.uses += 1;
    const { hiddenSet } = found;
    const item = hiddenSet.cases[randomInt(hiddenSet.cases.length)];
    const made = item && ofSets.get(item);
    return item && made ? { item, defined: made, hiddenSet } : null;
  };

  const anew = (loaded: LoadedProblem, target: Target): DrawnCase | null => {
    for (let draw = 0; draw < HIDDEN_DRAWS_MAX; draw += 1) {
      const item = drawHidden(loaded.problem, randomInt);
      if (item === undefined) return null;
      const made = defined(loaded, target, item);
      if (made) return { item, defined: made, hiddenSet: null };
    }
    return null;
  };

  const draw: HiddenCases['draw'] = (loaded, target) => {
    if (!loaded.problem.hidden) return null;
    return hasPrograms(loaded, target) ? fromSet(loaded, target) : anew(loaded, target);
  };

  return {
    setOf: (loaded, target) => {
      const has = loaded.problem.hidden && hasPrograms(loaded, target);
      return has ? (keptOf(loaded, target)?.hiddenSet ?? null) : null;
    },
    draw,
    ofProgram: (candidate) => {
      const { id, loaded, submission } = candidate;
      candidate.hidden ??= draw(loaded, targetOf(submission.content.device));
      if (candidate.hidden) programs.set(id, candidate.hidden);
      return candidate.hidden;
    },
    lastOf: (id) => programs.use(id) ?? null,
  };
};

/** Among its own code. */
const hasPrograms = (loaded: LoadedProblem, target: Target): boolean => loaded.environments(target).length > 0;
