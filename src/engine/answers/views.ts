/** Answers for those who look: what the store keeps, and what a plan comes to. */
import type { z } from 'zod';
import type { OriginView, PlanView, SubmitCandidate, SummariesQuery } from '../../domain/api/candidates.ts';
import type { ActivityQuery } from '../../domain/api/activity.ts';
import type { LanesQuery, LanesView } from '../../domain/api/lanes.ts';
import type { ProgressView, RecordsQuery } from '../../domain/api/problems.ts';
import type { CandidateContent } from '../../domain/candidate.ts';
import { peaksOf } from '../../domain/ranking/device-peaks.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { workOf } from '../../problems/floors.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import { resolveCandidate } from '../../problems/resolve-candidate.ts';
import { casesOf, targetOf } from '../../problems/targets.ts';
import type { AnswersSlice } from '../state.ts';
import { noCandidate, problemNamed } from './not-found.ts';
import { prepareCandidate } from './prepare-candidate.ts';
import { environmentsOf } from './submit.ts';
import { fleetClassesOf } from '../host-state.ts';

export const createViews = (state: Pick<AnswersSlice, 'store' | 'problems' | 'hosts' | 'now'>) => {
  const { store, problems } = state;
  return {
    lanes: async ({ minutes }: LanesQuery): Promise<LanesView> => {
      const until = new Date(state.now() - WRITTEN_WITHIN_MS);
      const since = new Date(until.getTime() - minutes * MINUTE_MS);
      const devices = [...state.hosts.values()].flatMap((host) => host.devices).length;
      const stepMs = Math.ceil((minutes * MINUTE_MS) / Math.min(LANE_STEPS_MAX, LANE_ROWS_MAX / Math.max(1, devices)));
      const lanes = await store.views.lanes({ since, until, stepMs });
      return { since: since.toISOString(), until: until.toISOString(), ...lanes };
    },
    activity: async (query: ActivityQuery) => ({ attempts: [...(await store.views.activity(query))] }),
    summaries: async (query: SummariesQuery) => store.views.summaries(query),
    plan: async (id: CandidateId): Promise<PlanView> => {
      const content = await store.content(id);
      if (content === null) throw noCandidate(id);
      const loaded = problemNamed(problems, content.problem);
      const model = (await store.candidate(id))?.score?.deviceModel ?? null;
      return planView(loaded, { content, ceilings: ceilingsOf(state, loaded, model) });
    },
    checkPlan: (input: z.output<typeof SubmitCandidate>): PlanView => {
      const { submission } = prepareCandidate(input, null, {
        problems,
        fleetClasses: fleetClassesOf(state.hosts),
        hosts: environmentsOf(state),
        // The server has looked.
        sourceBytesMax: Infinity,
      });
      const { content } = submission;
      return planView(problemNamed(problems, content.problem), { content, ceilings: null });
    },
    origin: async (id: CandidateId): Promise<OriginView> => {
      const origin = await store.views.origin(id);
      if (origin === null) throw noCandidate(id);
      return origin;
    },
    records: async (query: RecordsQuery) => ({ records: await store.views.records(query) }),
    progress: async (name: string): Promise<ProgressView> => {
      const loaded = problemNamed(problems, name);
      const problemVersions = loaded.targets.map((target) => loaded.contentHash(target));
      return { problem: name, models: await store.views.progress({ problem: name, problemVersions }) };
    },
  };
};

const MINUTE_MS = 60_000;
/** An attempt is in the store so long after it finished: what is summed up by then is whole. */
const WRITTEN_WITHIN_MS = 3000;
/** A lane is some thousand pixels wide; and of a hundred lanes the answer stays below a megabyte. */
const LANE_STEPS_MAX = 600;
const LANE_ROWS_MAX = 24_000;

/** Of the model that judged it, as its floor was reckoned. */
const ceilingsOf = (
  { hosts }: Pick<AnswersSlice, 'hosts'>,
  { problem }: LoadedProblem,
  model: string | null,
): PlanView['ceilings'] => {
  const device = [...hosts.values()].flatMap(({ devices }) => devices).find((one) => one.model === model);
  if (device === undefined) return null;
  const peaks = peaksOf(device);
  if (peaks !== null) {
    return {
      bytesPerSecond: peaks.memoryBytesPerSecond,
      flopsPerSecond: peaks.flopsPerSecond[problem.floor.unit],
      source: 'vendor',
    };
  }
  const { copyBytesPerSecond } = device;
  return copyBytesPerSecond === null ? null : { bytesPerSecond: copyBytesPerSecond, flopsPerSecond: null, source: 'measured' };
};

interface Planned {
  readonly content: CandidateContent;
  readonly ceilings: PlanView['ceilings'];
}

const planView = (loaded: LoadedProblem, { content, ceilings }: Planned): PlanView => {
  const target = targetOf(content.device);
  if (content.program) return { complaint: NO_PLAN_OF_A_PROGRAM, ceilings: null, cases: [] };
  const resolved = resolveCandidate(loaded, { target, architecture: 'native', content });
  if (!resolved.ok) return { complaint: complaintOf(resolved.outcome), ceilings: null, cases: [] };
  const { problem } = loaded;
  const benched = new Set(problem.bench[target].map(({ name }) => name));
  const cases = casesOf(problem, target).flatMap(({ name, shape }) => {
    const plan = resolved.plans[name];
    if (plan === undefined) return [];
    const { readBytes, writeBytes, flops } = workOf(problem, shape);
    const kind = benched.has(name) ? ('bench' as const) : ('check' as const);
    return [{ name, kind, shape: { ...shape }, plan, bytes: readBytes + writeBytes, flops }];
  });
  return { complaint: null, ceilings, cases };
};

const NO_PLAN_OF_A_PROGRAM = {
  field: 'program',
  message: 'a program has no launch plan: what it launches is recorded',
  line: null,
};

/** Messages name the line of the file, where there is one. */
const complaintOf = ({ field, message }: Extract<Outcome, { verdict: 'plan_error' }>): PlanView['complaint'] => {
  const line = /\bline (\d+)\b/u.exec(message)?.[1];
  return { field, message, line: line === undefined ? null : Number(line) };
};
