/** Answers the server: one small file for each kind of question. */
import type { HoldHost, ReleaseHost } from '../../domain/hosts/hold.ts';
import { createBookings } from '../hosts/bookings.ts';
import { holdHost, releaseHost } from '../hosts/holds.ts';
import type { CandidateId, HostId } from '../../domain/ids.ts';
import { KilnError } from '../../domain/errors.ts';
import type { SubmissionLimits } from '../deps.ts';
import type { AnswersSlice } from '../state.ts';
import { resumeHost } from './resume-host.ts';
import type { ProblemList } from '../../domain/api/problems.ts';
import type { CheckProblem } from '../../domain/api/problem-check.ts';
import { createProblemChecks } from './check-problem.ts';
import { fleetView } from './fleet-view.ts';
import { problemNamed } from './not-found.ts';
import type { Store } from '../../domain/ports/store.ts';
import { queueView } from './queue-view.ts';
import { type RankingWish, rankingView } from './ranking-view.ts';
import { askProfiles, checkProfilable, onVerdicts, profileOf } from '../profiles/profiles.ts';
import { reloadProblems } from './reload-problems.ts';
import { libraryView } from '../libraries/view.ts';
import { rankedProblem, versionsView } from './problem-versions-view.ts';
import { refreshHosts } from '../hosts/refresh.ts';
import type { SubmitterControl } from '../../domain/ports/submitters.ts';
import { createQueueRoom } from '../submitters/queue-room.ts';
import type { SubmitterBook } from '../submitters/submitter-book.ts';
import { createSubmitter } from './submit.ts';
import type { Submitter } from './submit.ts';
import { cancelCandidate } from './cancel.ts';
import { whyCandidate } from '../why/why.ts';
import { createSteering } from '../steering/steering.ts';
import { createViews } from './views.ts';

export type Service = ReturnType<typeof createService>;

export interface ServiceDeps {
  readonly limits: SubmissionLimits;
  readonly onEvents: (listener: () => void) => () => void;
  /** Runs the work while nothing is leased from the queue. */
  readonly alone: (work: () => Promise<void>) => Promise<void>;
  readonly submitters: SubmitterBook;
}

export const createService = (state: AnswersSlice, { limits, onEvents, alone, submitters }: ServiceDeps) => {
  const { store, problems } = state;
  const submitter = createSubmitter(state, { limits, checkRoom: createQueueRoom(state, submitters) });
  const checkProblemOn = createProblemChecks(state);

  const problem = (name: string) => problemNamed(problems, name);
  return {
    submit: async (...asked: Parameters<Submitter['submit']>) => submitter.submit(...asked),
    cancel: async (id: CandidateId) => {
      const answer = await cancelCandidate(state, id);
      onVerdicts(state, [id]);
      return answer;
    },
    submitters: submitters as SubmitterControl,
    steer: createSteering(state, alone),
    why: async (id: CandidateId) => whyCandidate(state, id),
    candidate: async (id: CandidateId) => existing(id, store.candidate(id)),
    candidates: async (query: Parameters<typeof store.candidates>[0]) => {
      const { candidates, next } = await store.candidates(query);
      return { candidates: [...candidates], next };
    },
    idsWithPrefix: async (prefix: string, limit: number) => store.idsWithPrefix(prefix, limit),
    source: async (id: CandidateId) => {
      const { source, language, program } = await existing(id, store.content(id));
      return { source, language, ...(program && { program }) };
    },
    sourced: async (ids: readonly CandidateId[]) => store.sourced(ids),
    profile: async (id: CandidateId) => profileOf(state, id),
    askProfile: async (id: CandidateId) => {
      checkProfilable(await existing(id, store.candidate(id)));
      await askProfiles(state, [id], { again: true });
      return profileOf(state, id);
    },
    profileReport: async (id: CandidateId) => store.profileReport(id),
    events: async (query: Parameters<Store['events']>[0]) => store.events(query),
    lastSequence: async () => store.lastSequence(),
    onEvents,
    queue: async () => queueView(state),
    fleet: async () => Promise.resolve(fleetView(state)),
    holdHost: async (host: HostId, wish: HoldHost, by: string) => holdHost(state, host, { ...wish, by }),
    releaseHost: async (host: HostId, wish: ReleaseHost, by: string) => {
      const answer = await releaseHost(state, host, { ...wish, by });
      if (wish.device === null) resumeHost(state, host);
      return answer;
    },
    ...createBookings(state),
    resumeHost: async (host: HostId) => Promise.resolve(resumeHost(state, host)),
    refreshHosts: async (host: HostId | null) => refreshHosts(state, host),
    reloadProblems: async () => reloadProblems(state),
    problemVersions: async (name: string) => versionsView(state, name),
    library: (name: string) => libraryView(state, problem(name)),
    problems: () => problemList(state),
    problem: (name: string) => {
      const loaded = problem(name);
      return { problem: loaded.problem, readme: loaded.readme, files: { ...loaded.files } };
    },
    checkProblem: async (name: string, where: CheckProblem) => checkProblemOn(problem(name), where),
    ranking: async (name: string, query: RankingWish) => rankingView(state, rankedProblem(state, name, query.version), query),
    views: createViews(state),
    notReady: () => (state.isRunning() ? notReadyReason(state) : 'the daemon is starting or stopping'),
    metrics: async () => {
      const { metrics } = state;
      metrics.setFleet(fleetView(state));
      metrics.setRefusedProblems(state.library.refused.length);
      metrics.setUnwritten(state.writeBehind.unwritten());
      // While the store is away its figures stay as they were: the others are needed most of all then.
      const view = await queueView(state).catch((error: unknown) => {
        state.log.warn({ err: error }, 'the depth of the queue could not be read for the metrics');
        return null;
      });
      if (view) metrics.setDepth(view.stages);
      if (view) metrics.setBacklog(view.oldestSeconds);
      return metrics.text();
    },
  };
};

const problemList = ({ problems, library }: Pick<AnswersSlice, 'problems' | 'library'>): ProblemList => ({
  refused: [...library.refused],
  problems: [...problems.values()].map(({ problem: { name, title }, targets }) => ({ name, title, targets: [...targets] })),
});

/** For everybody: what was wrong is in the log. */
const notReadyReason = ({ writeBehind }: Pick<AnswersSlice, 'writeBehind'>): string | null =>
  writeBehind.writeFailure() ? 'the store does not take writes' : null;

const existing = async <T>(id: CandidateId, read: Promise<T | null>): Promise<T> => {
  const found = await read;
  if (found !== null) return found;
  throw new KilnError('NOT_FOUND', `there is no candidate ${id}; GET /v1/candidates lists those there are`);
};
