/** What every generator is: one small interface, one file each in `generators/`. */
import type { Draft, GenerationFailure, Usage } from '../domain/campaign/campaign.ts';
import type { Diagnosis } from '../domain/campaign/diagnosis.ts';
import type { GenerationContext } from '../domain/campaign/generation-context.ts';
import type { DraftContent } from './search/entry.ts';

/** `usage` is what the service counted, also where no candidate came of it. */
export type Answer =
  | { readonly ok: true; readonly draft: Draft; readonly usage: Usage }
  | { readonly ok: false; readonly failure: GenerationFailure; readonly message: string; readonly usage: Usage };

export type Failure = Extract<Answer, { readonly ok: false }>;

export type DiagnosisAnswer = Failure | { readonly ok: true; readonly diagnosis: Diagnosis; readonly usage: Usage };

/** What is asked before a candidate is written. */
export interface Diagnosing {
  /** Name of the generator that is asked; null: the one that writes. */
  readonly by: string | null;
  /** Ideas wanted of one diagnosis, and candidates of each. */
  readonly proposals: number;
  readonly implementations: number;
}

/** Says what limits the parents, and proposes ideas. */
export interface Diagnoser {
  /** As of a candidate. */
  reserveMicros(context: GenerationContext, proposals: number): number;
  /** Never rejects. */
  next(question: {
    readonly context: GenerationContext;
    readonly proposals: number;
    readonly signal: AbortSignal;
  }): Promise<DiagnosisAnswer>;
}

/** False where the search has, or was given, this content already; true makes it this answer's. */
export type Reserve = (draft: DraftContent) => boolean;

/** Those of a daemon. */
export interface GeneratorSet {
  readonly all: readonly Generator[];
  readonly byName: ReadonlyMap<string, Generator>;
  readonly default: Generator;
}

export interface Generator {
  readonly name: string;
  readonly kind: 'claude' | 'openai-compatible' | 'evolve' | 'command';
  /** Why it cannot be used ("ANTHROPIC_API_KEY is not set: …"), or null. */
  readonly unavailable: string | null;
  /** Whether answers cost money: a campaign that uses it must say how much it may spend. */
  readonly isPaid: boolean;
  /** Whether it makes use of what a profiler says about its parents: device time is spent on that only then. */
  readonly readsProfiles: boolean;
  /** Left out: it writes at once. */
  readonly diagnosing?: Diagnosing | null;
  /** Left out: it cannot be asked for a diagnosis. */
  readonly diagnoser?: Diagnoser;
  /** The most that one answer to `context` can cost, millionths of a US dollar: reserved before it is asked, so that a budget holds. */
  reserveMicros(context: GenerationContext): number;
  /** Writes one candidate. Never rejects: what goes wrong is an answer. Ends soon after `signal` aborts, with failure `stopped`. */
  next(context: GenerationContext, signal: AbortSignal, reserve?: Reserve): Promise<Answer>;
}
