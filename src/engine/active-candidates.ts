/**
 * What the engine knows of the candidates it holds a lease on, besides their place in the scheduler: content, resolved plans, times.
 * Entry: leased (or adopted) from the queue. Exit: its verdict is committed, or it is put back. Bounded by the lease window.
 */
import type { ByAnswers, CandidateContent, Effort, Submission } from '../domain/candidate.ts';
import type { AttemptId, CandidateId, ContentHash, HostId } from '../domain/ids.ts';
import type { KernelResources } from '../domain/kernel-resources.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Score } from '../domain/ranking/ranking.ts';
import type { RecordHolder } from '../domain/ranking/score.ts';
import type { Spread } from '../domain/ranking/spread.ts';
import type { LoadedProblem } from '../problems/load-problems.ts';
import type { ResolvedCandidate } from '../problems/candidate-resolution.ts';
import { callAt, type Calls } from '../problems/resolve-program.ts';
import type { RankingClass } from '../domain/ranking/ranking.ts';
import { resolveCandidate } from '../problems/resolve-candidate.ts';
import type { HostUnit } from './compiling/known-artifacts.ts';
import type { DrawnCase } from './hidden-cases.ts';
import type { JudgeMode } from '../scheduler/events.ts';
import { targetOf } from '../problems/targets.ts';
import type { Stage } from './telemetry/metrics.ts';

/** What a judge's result means for its candidate (evaluate.ts). */
export interface Evaluation {
  readonly outcome: Outcome;
  /** Null unless it passed. */
  readonly score: Score | null;
  /** It takes the record. */
  readonly record: boolean;
  readonly mustConfirm: boolean;
  /** The record holder it was paired with, as that pair leaves it; null where there was none. */
  readonly holder: RecordHolder | null;
  /** What judgements of one code differ by, with what this one taught; null where it taught nothing. */
  readonly spread: Spread | null;
}

/** Whom a candidate is timed in pairs with. */
export type Rival = Pick<RecordHolder, 'candidateId'>;

/** A judgement that a host was given, and what its result came to. */
export interface Attempt {
  readonly mode: JudgeMode;
  /** The record holder, of a confirmation, or who a trial is against; undefined when the daemon was restarted meanwhile. */
  readonly pairedWith: Rival | null | undefined;
  /** The compile host that made its code; null: the host that judges it, or not known. */
  readonly madeBy: HostId | null;
  /** Whether its judge has it called, or replays what was recorded of it; undefined when the daemon was restarted before that was written. */
  readonly isByAnswers: boolean | undefined;
  /** What its judge loads: its own, and the record holder's. */
  readonly artifacts: readonly ContentHash[];
  /** Null until its result is there, and where that was an infra failure. */
  evaluation: Evaluation | null;
}

export interface CompileJob {
  /** Whose devices it is for. */
  readonly hostId: HostId;
  readonly deviceModel: string;
  readonly unit: HostUnit;
  /** Of a program that is being built: how it is called then, to be recorded, at its host alone. Null: the unit's artifact is what is judged. */
  readonly calls: Calls | null;
  /** Who was asked to compile it and has not answered; null while the artifact is transferred. */
  asked: { readonly hostId: HostId; readonly compileId: string } | null;
  /** Compile hosts that could not compile it or hand it over. */
  readonly failedAt: Set<HostId>;
  /** Its host had lost what was built: if that comes again, it is an infra failure. */
  readonly isSecondBuild?: boolean;
  /** False once its host could not take what another one compiled. */
  mayTransfer: boolean;
}

/** Where the scheduler has it. Only what is compiling has a job: none before it is asked for and once it is answered. */
export type CandidateStage =
  | { readonly name: Exclude<Stage, 'compiling'>; readonly sinceMs: number }
  | { readonly name: 'compiling'; readonly sinceMs: number; readonly job: CompileJob | null };

export interface ActiveCandidate {
  readonly id: CandidateId;
  readonly submission: Submission;
  readonly loaded: LoadedProblem;
  stage: CandidateStage;
  /** Somebody may ask for more while it waits. */
  effort: Effort;
  /** What its compiler said last. `resources`: of the kernels it launches; null where the compiler does not tell. `by`: a compile host, or null. */
  compiled: { readonly log: string; readonly resources: KernelResources | null; readonly by: HostId | null };
  /** Compile hosts whose code it was judged by, or is to be. */
  readonly makers: Set<HostId>;
  /** An earlier life of the daemon saw it pass its screening. */
  isScreened: boolean;
  /** Of a program: why it is judged by its answers; null while it is judged by its recording, and of all others. */
  byAnswers: ByAnswers | null;
  /** Of a program: the hidden case that it is recorded in, once it is asked for; null where there is none. */
  hidden: DrawnCase | null;
  /** How often it is measured again since its times were not the device's usual ones. */
  disturbed: number;
  /**
   * How often whom it is paired with had to be recorded at other addresses. In memory alone: each life of the daemon may try so often again, which costs judgements,
   * and then the challenger stands as it was screened; addresses follow from what is recorded, and nobody holds a place by them.
   */
  clashes: number;
  /** How often hosts were asked to compile it. */
  compiles: number;
  /** Attempts that hosts were given and that count: a retracted one is no longer here. */
  readonly attempts: Map<AttemptId, Attempt>;
  /** By architecture. Small: a candidate meets one or two. */
  readonly resolved: Map<string, ResolvedCandidate>;
}

export const createActiveCandidate = (
  id: CandidateId,
  submission: Submission,
  loaded: LoadedProblem,
  { nowMs, byAnswers }: { readonly nowMs: number; readonly byAnswers: ByAnswers | null },
): ActiveCandidate => ({
  id,
  submission,
  loaded,
  stage: { name: 'queued', sinceMs: nowMs },
  effort: submission.effort ?? 'racing',
  compiled: { log: '', resources: null, by: null },
  makers: new Set(),
  isScreened: false,
  byAnswers,
  hidden: null,
  disturbed: 0,
  clashes: 0,
  compiles: 0,
  attempts: new Map(),
  resolved: new Map(),
});

/** Null while nothing compiles for it. */
export const jobOf = ({ stage }: Pick<ActiveCandidate, 'stage'>): CompileJob | null =>
  stage.name === 'compiling' ? stage.job : null;

export const setJob = (candidate: ActiveCandidate, job: CompileJob | null): void => {
  candidate.stage = { name: 'compiling', sinceMs: candidate.stage.sinceMs, job };
};

export const secondsInStage = ({ stage }: Pick<ActiveCandidate, 'stage'>, nowMs: number): number =>
  (nowMs - stage.sinceMs) / 1000;

/** What it would be ranked among as things are. */
export const classOfCandidate = ({ byAnswers }: Pick<ActiveCandidate, 'byAnswers'>): RankingClass =>
  byAnswers === null ? 'device' : 'program';

/** What it passed its last screening with; null before that, or when an earlier life of the daemon saw it. */
export const screeningOf = ({ attempts }: Pick<ActiveCandidate, 'attempts'>): Evaluation | null =>
  [...attempts.values()].findLast(({ mode, evaluation }) => mode === 'screen' && evaluation?.score)?.evaluation ?? null;

/** Unit and plans of an active candidate for an architecture, or why its plan is no plan. */
export const resolvedFor = (candidate: ActiveCandidate, architecture: string): ResolvedCandidate | Outcome => {
  const known = candidate.resolved.get(architecture);
  if (known) return known;
  const { content } = candidate.submission;
  const resolved = resolveContent(candidate.loaded, content, architecture);
  if (!('verdict' in resolved)) candidate.resolved.set(architecture, resolved);
  return resolved;
};

/** How a program is called once it is built, in its hidden case too; null of what is none. */
export const callsOf = (
  { calls }: Pick<ResolvedCandidate, 'calls'>,
  { program }: Pick<CandidateContent, 'program'>,
  { loaded, drawn }: { readonly loaded: LoadedProblem; readonly drawn: DrawnCase | null },
): Calls | null => {
  if (!calls || !program || !drawn) return calls;
  return { ...calls, cases: [...calls.cases, callAt(program.entry.style, drawn.item, loaded)] };
};

export const resolveContent = (
  loaded: LoadedProblem,
  content: CandidateContent,
  architecture: string,
): ResolvedCandidate | Outcome => {
  const resolved = resolveCandidate(loaded, { target: targetOf(content.device), architecture, content });
  return resolved.ok ? resolved : resolved.outcome;
};
