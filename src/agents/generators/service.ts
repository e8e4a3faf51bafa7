/**
 * What all generators share that ask a service over HTTP: their turn by the rate limiter, a time limit, retries, and which failures are whose.
 * A request is sent again only where it cannot have been billed: what a service got and began to answer it bills.
 */
import type { Logger } from 'pino';
import { NO_USAGE, type Usage } from '../../domain/campaign/campaign.ts';
import type { RateLimits } from '../../domain/campaign/generator-settings.ts';
import { plainLine } from '../../platform/printable-text.ts';
import type { Failure } from '../generator.ts';
import type { Clock } from '../../platform/clock.ts';
import { failed } from './failed.ts';
import { createRateLimiter, type RateLimiter } from './rate-limiter.ts';
import { type Attempt, isPassing, retryAfterMs, type RetryLimits, withRetries } from './retry.ts';
import { timeLimit } from './time-limit.ts';
import { createTokenEstimate, type TokenEstimate } from './token-estimate.ts';

export interface ServiceDeps {
  readonly name: string;
  readonly log: Logger;
  readonly clock: Omit<Clock, 'now'>;
  /** Milliseconds since 1970, for dates in headers. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  readonly retries: RetryLimits;
}

export interface ServiceSettings {
  readonly model: string;
  readonly timeoutMs: number;
  readonly maxTokens: number;
  readonly limits: RateLimits;
}

/** What a whole answer was read as: something that was asked for, or a failure. */
type Counted = { readonly usage: Usage };

/** What came of one request. */
export type Sent<A extends Counted> =
  | { readonly kind: 'answer'; readonly answer: A }
  /** The service answered with an error, and bills nothing. */
  | { readonly kind: 'error'; readonly status: number; readonly message: string; readonly headers: Headers }
  /** It was never reached, or said itself, before it began an answer, that there is none. */
  | { readonly kind: 'nothing'; readonly message: string }
  /** It may have got the request, and no answer came: whether it bills that nobody knows. */
  | { readonly kind: 'cut'; readonly message: string }
  /** The answer ended before its end. `usage` holds the most that it can have cost. */
  | { readonly kind: 'broken'; readonly message: string; readonly usage: Usage };

export interface Question<A extends Counted> {
  readonly promptBytes: number;
  /** The most that one request can cost, millionths of a US dollar. */
  readonly mostMicros: number;
  readonly signal: AbortSignal;
  /** `signal` aborts when the caller's does or the time is over. `onHeaders`: of a good response, as soon as they are there. */
  readonly send: (request: { readonly signal: AbortSignal; readonly onHeaders: (headers: Headers) => void }) => Promise<Sent<A>>;
}

export interface Service {
  /** Why the service will not work before a setting is changed, or null. */
  readonly refusal: string | null;
  ask<A extends Counted>(question: Question<A>): Promise<A | Failure>;
  /** Of an error that asking the same again does not help. */
  refused(status: number, message: string): Failure;
}

export const createService = (settings: ServiceSettings, deps: ServiceDeps): Service => {
  const state: State = {
    ...deps,
    settings,
    limiter: createRateLimiter(settings.limits, deps.clock),
    estimate: createTokenEstimate(settings.maxTokens),
    refusal: null,
  };
  return {
    get refusal() {
      return state.refusal;
    },
    ask: async <A extends Counted>(question: Question<A>): Promise<A | Failure> => {
      const { signal } = question;
      const { clock, random, retries: limits } = deps;
      const end = await withRetries(async () => askInTurn(state, question), { clock, random, signal, limits });
      if ('value' in end) return end.value;
      return signal.aborted
        ? failed('stopped', 'stopped while it waited to ask again', NO_USAGE)
        : failed('unavailable', end.gaveUp, NO_USAGE);
    },
    refused: (status, message) => refuse(state, status, `the service answered ${status}: ${plainLine(message)}`),
  };
};

interface State extends ServiceDeps {
  readonly settings: ServiceSettings;
  readonly limiter: RateLimiter;
  readonly estimate: TokenEstimate;
  refusal: string | null;
}

const askInTurn = async <A extends Counted>(state: State, question: Question<A>): Promise<Attempt<A | Failure>> => {
  const { limiter, estimate, clock, settings } = state;
  const permit = await limiter.acquire(estimate.of(question.promptBytes), question.signal);
  if (permit === null) return done(failed('stopped', 'stopped before it was asked', NO_USAGE));
  const time = timeLimit(question.signal, { clock, ms: settings.timeoutMs });
  try {
    const sent = await question.send({ signal: time.signal, onHeaders: (headers) => limiter.learn(headers) });
    const usage = usageOf(sent, question);
    permit.correct({ requests: 1, inputTokens: usage.inputTokens + usage.cacheWriteTokens, outputTokens: usage.outputTokens });
    if (sent.kind === 'answer') estimate.learn(usage, question.promptBytes);
    return judge(sent, state, { usage, isStopped: question.signal.aborted, isOver: time.isOver() });
  } finally {
    time.end();
  }
};

/** Where nobody can say what it cost, the most that it can: a budget must hold whatever the bill says. */
const usageOf = <A extends Counted>(sent: Sent<A>, { mostMicros }: Question<A>): Usage => {
  switch (sent.kind) {
    case 'answer':
      return sent.answer.usage;
    case 'broken':
      return sent.usage;
    case 'cut':
      return { ...NO_USAGE, micros: mostMicros };
    case 'error':
    case 'nothing':
      return NO_USAGE;
  }
};

const done = <A>(value: A): Attempt<A> => ({ kind: 'done', value });

interface Judging {
  readonly usage: Usage;
  readonly isStopped: boolean;
  readonly isOver: boolean;
}

const judge = <A extends Counted>(sent: Sent<A>, state: State, { usage, isStopped, isOver }: Judging): Attempt<A | Failure> => {
  if (sent.kind === 'answer') return done(sent.answer);
  if (isStopped) return done(failed('stopped', 'stopped while it was answered', usage));
  if (isOver) return done(failed('timed_out', `no whole answer in ${state.settings.timeoutMs} ms`, usage));
  if (sent.kind === 'broken') return done(failed('unavailable', `the answer broke off: ${sent.message}`, usage));
  if (sent.kind === 'cut' && usage.micros > 0)
    return done(failed('unavailable', `no answer: ${plainLine(sent.message)}; ${UNKNOWN}`, usage));
  if (sent.kind === 'nothing' || sent.kind === 'cut')
    return again(state, { why: `no answer: ${plainLine(sent.message)}`, afterMs: null });
  const why = `the service answered ${sent.status}: ${plainLine(sent.message)}`;
  if (isPassing(sent.status)) {
    const afterMs = retryAfterMs(sent.headers, state.now());
    // All agents share the account: whoever asks now gets the same.
    if (afterMs !== null) state.limiter.pauseMs(Math.min(afterMs, state.retries.retryAfterMsMax));
    return again(state, { why, afterMs });
  }
  return done(refuse(state, sent.status, why));
};

const refuse = (state: State, status: number, why: string): Failure => {
  const advice = adviceFor(status, state);
  const message = `${why}; ${advice.text}`;
  if (advice.isForAll) {
    state.refusal = message;
    state.log.error({ generator: state.name, status }, message);
  }
  return failed('unavailable', message, NO_USAGE);
};

const UNKNOWN = 'whether it is billed nobody knows, so that it is not asked again and the most that it can cost counts';

const again = (state: State, { why, afterMs }: { readonly why: string; readonly afterMs: number | null }): Attempt<never> => {
  state.log.debug({ generator: state.name, afterMs }, why);
  return { kind: 'again', why, afterMs };
};

/** `isForAll`: no request of this generator will fare better. */
const adviceFor = (
  status: number,
  { name, settings }: Pick<State, 'name' | 'settings'>,
): { readonly text: string; readonly isForAll: boolean } => {
  if (status === 401 || status === 403)
    return { text: `give the daemon a key that may use ${settings.model}, and start it again`, isForAll: true };
  if (status === 404)
    return {
      text: `check model and baseUrl of agents.generators.${name} in kiln.yaml, and start the daemon again`,
      isForAll: true,
    };
  return { text: `check agents.generators.${name} in kiln.yaml: asking the same again gives the same`, isForAll: false };
};
