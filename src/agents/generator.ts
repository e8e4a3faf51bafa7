/** What every generator is: one small interface, one file each in `generators/`. */
import type { Draft, GenerationFailure, Usage } from '../domain/campaign/campaign.ts';
import type { Diagnosis } from '../domain/campaign/diagnosis.ts';
import type { GenerationContext } from '../domain/campaign/generation-context.ts';
import type { DraftContent } from './search/entry.ts';

/** `usage` is what the service counted, also where no candidate came of it. */
export type Answer =
  | { readonly ok: true; readonly draft: Draft; readonly usage: Usage }
  | { readonly ok: false; readonly failure: GenerationFailure; readonly message: string; readonly usage: Usage };

/** `isUnbilled`: of what was stopped, that it cost nothing is certain. */
export type Failure = Extract<Answer, { readonly ok: false }> & { readonly isUnbilled?: true };

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

/** One question of a batch. */
export interface BatchQuestion {
  /** Tells it apart from all others for good: at most 64 letters, digits, "-" and "_". */
  readonly key: string;
  readonly context: GenerationContext;
}

export type BatchSent =
  | { readonly kind: 'sent'; readonly id: string }
  /** The service has nothing of it, and bills nothing. */
  | { readonly kind: 'refused'; readonly failure: Failure }
  /** It may have it. */
  | { readonly kind: 'unknown'; readonly message: string };

/** What a batch came to under an id that nobody wrote down. */
export type BatchFound =
  | { readonly kind: 'found'; readonly id: string }
  /** The service has none: nothing was billed. */
  | { readonly kind: 'none' }
  /** Nobody can tell. */
  | { readonly kind: 'lost'; readonly message: string }
  /** `leave` came first. */
  | { readonly kind: 'left' };

/** What ended it: all questions have a result; or its results cannot be had any more, and why. */
export type BatchEnd =
  | { readonly kind: 'ended' }
  | { readonly kind: 'lost'; readonly message: string }
  | { readonly kind: 'left' };

export interface Following {
  /** Cancels the batch; what was answered by then is answered. */
  readonly cancel: AbortSignal;
  /** The daemon stops: the batch is left as it is. */
  readonly leave: AbortSignal;
  /** What is known of it, in words. */
  readonly onState: (state: string) => void;
}

/** What is known of one question when its batch ended. `read` makes the answer of it. */
export interface BatchResult {
  readonly key: string;
  read(context: GenerationContext): Answer;
}

/** Questions that can wait, many in one request. Nothing rejects. */
export interface Batches {
  /** Of one batch. */
  readonly limits: { readonly requestsMax: number; readonly bytesMax: number; readonly collectMs: number };
  /** As of a direct answer. */
  reserveMicros(context: GenerationContext): number;
  requestBytes(context: GenerationContext): number;
  send(questions: readonly BatchQuestion[], signals: Pick<Following, 'cancel' | 'leave'>): Promise<BatchSent>;
  /** Looks for a batch of these questions among those that were made since (milliseconds since 1970), of so many requests. */
  find(
    wanted: { readonly keys: readonly string[]; readonly sinceMs: number; readonly requests: number },
    following: Pick<Following, 'leave' | 'onState'>,
  ): Promise<BatchFound>;
  /** Resolves once its results can be read. */
  follow(id: string, following: Following): Promise<BatchEnd>;
  /** Of these questions, in any order, each at most once. `end` says why the others have none. */
  results(
    id: string,
    wanted: { readonly keys: readonly string[]; readonly leave: AbortSignal; readonly onResult: (result: BatchResult) => void },
  ): Promise<BatchEnd>;
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
  /** Left out: it answers at once or not at all. */
  readonly batches?: Batches;
  /** The most that one answer to `context` can cost, millionths of a US dollar: reserved before it is asked, so that a budget holds. */
  reserveMicros(context: GenerationContext): number;
  /** Writes one candidate. Never rejects: what goes wrong is an answer. Ends soon after `signal` aborts, with failure `stopped`. */
  next(context: GenerationContext, signal: AbortSignal, reserve?: Reserve): Promise<Answer>;
}
