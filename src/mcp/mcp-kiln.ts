/** What the tools need of Kiln. The client satisfies it as it is; inside the daemon an adapter over the engine does. */
import type { CancelAnswer, OriginView, PlanView, SubmitAnswer, SubmitCandidate } from '../domain/api/candidates.ts';
import type { FleetView } from '../domain/api/fleet.ts';
import type { ProblemList, ProblemView, ProgressView, RankingView } from '../domain/api/problems.ts';
import type { QueueView } from '../domain/api/queue.ts';
import type { CreateSweep, SweepResults, SweepView } from '../domain/api/sweeps.ts';
import type { Language } from '../domain/plan/plan.ts';
import type { Why } from '../domain/api/why.ts';
import type { RankingClass } from '../domain/ranking/ranking.ts';
import type { LibraryView } from '../domain/library.ts';
import type { Profile } from '../domain/profile.ts';
import type { Candidate } from '../domain/candidate.ts';

export interface McpKiln {
  submit(candidates: readonly SubmitCandidate[]): Promise<SubmitAnswer>;
  /** With `waitSeconds` (at most 60) the answer comes when the candidate is done, or then, or, inside the daemon, when `signal` aborts. */
  candidate(id: string, options?: { readonly waitSeconds?: number; readonly signal?: AbortSignal }): Promise<Candidate>;
  cancel(id: string): Promise<CancelAnswer>;
  /** What it waits for. */
  why(id: string): Promise<Why>;
  /** What its plan comes to, with the bytes and operations of each case. */
  plan(id: string): Promise<PlanView>;
  /** Where it comes from. */
  origin(id: string): Promise<OriginView>;
  /** Rejects with NOT_FOUND where none was asked for. The wait is as for `candidate`. */
  profile(id: string, options?: { readonly waitSeconds?: number; readonly signal?: AbortSignal }): Promise<Profile>;
  /** Asks for one, also where there is one. */
  askProfile(id: string): Promise<Profile>;
  source(id: string): Promise<{ readonly source: string; readonly language: string }>;
  queue(): Promise<QueueView>;
  fleet(): Promise<FleetView>;
  problems(): Promise<ProblemList>;
  problem(name: string): Promise<ProblemView>;
  library(problem: string): Promise<LibraryView>;
  ranking(
    problem: string,
    query?: {
      readonly device?: string | undefined;
      readonly limit?: number | undefined;
      readonly class?: RankingClass | undefined;
    },
  ): Promise<RankingView>;
  /** How the best came about, step by step. */
  progress(problem: string): Promise<ProgressView>;
  /** The same request is the same sweep. */
  createSweep(sweep: CreateSweep): Promise<SweepView>;
  sweep(id: string): Promise<SweepView>;
  /** In the order of verdicts, after `after`; waits for more, at most `wait` seconds. */
  sweepResults(id: string, query: { readonly after: number; readonly wait: number }, signal: AbortSignal): Promise<SweepResults>;
  cancelSweep(id: string): Promise<SweepView>;
  /** The launch-plan contract of a language, Markdown. */
  contract(language: Language): Promise<string>;
}

export interface McpDeps {
  readonly kiln: McpKiln;
  /** An unexpected failure in words that may leave this process; it is logged where that is possible. */
  readonly tellError: (error: unknown) => string;
}
