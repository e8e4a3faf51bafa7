/** Judged candidates as generators see them, with what went wrong where something did. */
import { timingsOf } from '../../domain/passed-timings.ts';
import { comparedScore } from '../../domain/ranking/compared-score.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { Exhibit, GenerationContext, Headroom } from '../../domain/campaign/generation-context.ts';
import type { Language, Params } from '../../domain/plan/plan.ts';
import type { Problem } from '../../domain/problem.ts';
import type { Profile } from '../../domain/profile.ts';
import type { Candidate } from '../../domain/candidate.ts';
import { parseHeader } from '../../problems/parse-header.ts';
import type { Judging } from '../../domain/ports/kiln.ts';
import { failureOf } from '../../domain/text/failure-text.ts';
import { createFreshCache } from './fresh-cache.ts';

/** A verdict that is taken back is forgotten at once; a profile may come later. */
const FRESH_MS = 30_000;
/** Parents and incumbents in use; the sources are what they cost. */
const EXHIBITS_MAX = 256;

export interface Shown {
  readonly exhibit: Exhibit;
  /** Null where it passed. */
  readonly failure: GenerationContext['failure'];
}

export interface Exhibits {
  /** The same object for everybody who asks meanwhile. Throws NOT_FOUND. */
  get(id: CandidateId, problem: Problem, headroom: readonly Headroom[]): Promise<Shown>;
  /** Its verdict was taken back. */
  forget(id: CandidateId): void;
}

export const createExhibits = (deps: {
  readonly judging: Pick<Judging, 'candidate' | 'source' | 'profile'>;
  readonly now: () => number;
}): Exhibits => {
  const { judging, now } = deps;
  const cache = createFreshCache<Shown>({ freshMs: FRESH_MS, entriesMax: EXHIBITS_MAX, now });

  const read = async (id: CandidateId, problem: Problem, headroom: readonly Headroom[]): Promise<Shown> => {
    const [candidate, { source }, profile] = await Promise.all([judging.candidate(id), judging.source(id), judging.profile(id)]);
    return {
      exhibit: { ...exhibitOf(candidate, source, profile), cases: casesOf(candidate, headroom) },
      failure: failureOf(candidate, problem),
    };
  };

  return {
    get: async (id, problem, headroom) => cache.get(id, async () => read(id, problem, headroom)),
    forget: (id) => cache.forget(id),
  };
};

const exhibitOf = (candidate: Candidate, source: string, profile: Profile | null): Omit<Exhibit, 'cases'> => {
  const { language, params } = candidate.submission;
  return {
    candidateId: candidate.id,
    language,
    source,
    params: { ...declaredParams(source, language), ...params },
    idea: '',
    speedup: comparedScore(candidate.score)?.speedup ?? null,
    floorShare: candidate.score?.floorShare ?? null,
    profile: profile?.state.status === 'done' ? profile.state.summary : null,
    ...(candidate.score?.stopped ? { stoppedEarly: true } : {}),
  };
};

const declaredParams = (source: string, language: Language): Params => {
  const header = parseHeader(source, language);
  return header.ok ? header.plan.params : {};
};

const casesOf = (candidate: Candidate, headroom: readonly Headroom[]): Exhibit['cases'] =>
  timingsOf(candidate).map((timing) => ({
    case: timing.case,
    medianNs: timing.candidate.medianNs,
    baselineNs: timing.baseline.medianNs,
    speedup: timing.speedup,
    ...shareOf(
      headroom.find(({ case: name }) => name === timing.case),
      timing.candidate.medianNs,
    ),
  }));

const shareOf = (floor: Headroom | undefined, ns: number): { floorShare?: number } =>
  floor === undefined ? {} : { floorShare: floor.floorNs / ns };
