/** What the tools need of Kiln. The client satisfies it as it is; inside the daemon an adapter over the engine does. */
import type { SubmitAnswer, SubmitCandidate } from '../domain/api/candidates.ts';
import type { FleetView } from '../domain/api/fleet.ts';
import type { ProblemList, ProblemView, RankingView } from '../domain/api/problems.ts';
import type { QueueView } from '../domain/api/queue.ts';
import type { Profile } from '../domain/profile.ts';
import type { Candidate } from '../domain/candidate.ts';

export interface McpKiln {
  submit(candidates: readonly SubmitCandidate[]): Promise<SubmitAnswer>;
  /** With `waitSeconds` (at most 60) the answer comes when the candidate is done, or then, or, inside the daemon, when `signal` aborts. */
  candidate(id: string, options?: { readonly waitSeconds?: number; readonly signal?: AbortSignal }): Promise<Candidate>;
  /** Rejects with NOT_FOUND where none was asked for. The wait is as for `candidate`. */
  profile(id: string, options?: { readonly waitSeconds?: number; readonly signal?: AbortSignal }): Promise<Profile>;
  /** Asks for one, also where there is one. */
  askProfile(id: string): Promise<Profile>;
  source(id: string): Promise<{ readonly source: string; readonly language: string }>;
  queue(): Promise<QueueView>;
  fleet(): Promise<FleetView>;
  problems(): Promise<ProblemList>;
  problem(name: string): Promise<ProblemView>;
  ranking(
    problem: string,
    query?: { readonly device?: string | undefined; readonly limit?: number | undefined },
  ): Promise<RankingView>;
  /** The launch-plan contract, Markdown. */
  contract(): Promise<string>;
}

export interface McpDeps {
  readonly kiln: McpKiln;
  /** An unexpected failure in words that may leave this process; it is logged where that is possible. */
  readonly tellError: (error: unknown) => string;
}
