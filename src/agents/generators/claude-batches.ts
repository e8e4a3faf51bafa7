/** Questions that can wait, over the Message Batches API. A batch is sent once and never again where the service may have it: it bills what it answers. */
import type Anthropic from '@anthropic-ai/sdk';
import type { BatchCreateParams } from '@anthropic-ai/sdk/resources/messages/batches';
import { BatchId, NO_USAGE } from '../../domain/campaign/campaign.ts';
import type { GenerationContext } from '../../domain/campaign/generation-context.ts';
import type { ClaudeSettings } from '../../domain/campaign/generator-settings.ts';
import { BoundedMap } from '../../platform/bounded-map.ts';
import type { Batches, BatchQuestion, BatchSent, Following } from '../generator.ts';
import { buildPrompt } from '../prompt/build-prompt.ts';
import type { CallDeps } from './batch-calls.ts';
import { readResult, unbilled } from './batch-result.ts';
import { readResults } from './batch-results.ts';
import type { BatchServing } from './batch-serving.ts';
import { isApiError, textOf } from './claude-client.ts';
import { messageOf, promptBytes, type RequestSettings } from './claude-request.ts';
import { failed } from './failed.ts';
import { findBatch } from './find-batch.ts';
import { followBatch } from './follow-batch.ts';
import { isUnsent } from './network.ts';
import { mostMicros, type PriceList } from './prices.ts';
import { type Attempt, isPassing, retryAfterMs, withRetries } from './retry.ts';
import type { Service, ServiceDeps } from './service.ts';
import { timeLimit } from './time-limit.ts';

/** Of one batch. The service takes a hundred times as many, and 256 MB. */
const REQUESTS_MAX = 1000;
const BYTES_MAX = 64 * 1024 * 1024;
const MS_A_SECOND = 1000;
/** Batches that were seen to be somebody else's. */
const OTHERS_MAX = 5000;
/** The service has nothing of it. After any other error that passes, whether a batch was made nobody knows. */
const REFUSED_FOR_NOW: ReadonlySet<number> = new Set([429, 503, 529]);

export interface ClaudeBatchesDeps extends Omit<ServiceDeps, 'log'> {
  readonly client: Anthropic;
  readonly service: Pick<Service, 'refused'>;
  readonly request: RequestSettings;
  /** In a batch. */
  readonly prices: PriceList;
}

export const createClaudeBatches = (settings: ClaudeSettings, deps: ClaudeBatchesDeps): Batches => {
  const { maxTokens, timeoutMs, batches } = settings;
  const { prices, request, service } = deps;
  const bytesOf = (context: GenerationContext): number => promptBytes(buildPrompt(context), request.diagnoses);
  const reserveMicros = (context: GenerationContext): number => mostMicros({ promptBytes: bytesOf(context), maxTokens }, prices);
  const calls: CallDeps = { ...deps, timeoutMs, pollMsMax: batches.pollSeconds * MS_A_SECOND };
  const serving: Serving = { ...deps, calls, others: new BoundedMap(OTHERS_MAX) };
  const result = { service, prices, maxTokens, reserveMicros };
  return {
    limits: { requestsMax: REQUESTS_MAX, bytesMax: BYTES_MAX, collectMs: batches.collectSeconds * MS_A_SECOND },
    reserveMicros,
    requestBytes: bytesOf,
    send: async (questions, signals) => send(serving, questions, signals),
    find: async (wanted, following) => findBatch(serving, wanted, following),
    follow: async (id, following) => followBatch(serving, id, following),
    results: async (id, { keys, leave, onResult }) =>
      readResults(serving, id, {
        keys: new Set(keys),
        leave,
        onEntry: ({ custom_id: key, result: line }) => onResult({ key, read: (context) => readResult(line, context, result) }),
      }),
  };
};

type Serving = ClaudeBatchesDeps & BatchServing;
const done = (value: BatchSent): Attempt<BatchSent> => ({ kind: 'done', value });

type Signals = Pick<Following, 'cancel' | 'leave'>;

const send = async (serving: Serving, questions: readonly BatchQuestion[], { cancel, leave }: Signals): Promise<BatchSent> => {
  const { clock, random, retries: limits, request } = serving;
  const requests = questions.map(
    ({ key, context }): BatchCreateParams.Request => ({
      custom_id: key,
      params: messageOf(buildPrompt(context), request, context.move),
    }),
  );
  const signal = AbortSignal.any([cancel, leave]);
  const end = await withRetries(async () => create(serving, requests, leave), { clock, random, signal, limits });
  if ('value' in end) return end.value;
  const failure = signal.aborted
    ? unbilled('stopped before its batch was sent; it is not billed')
    : failed('unavailable', `no batch was made: ${end.gaveUp}`, NO_USAGE);
  return { kind: 'refused', failure };
};

const create = async (
  { client, calls, now, service, others }: Serving,
  requests: BatchCreateParams.Request[],
  leave: AbortSignal,
): Promise<Attempt<BatchSent>> => {
  const time = timeLimit(leave, { clock: calls.clock, ms: calls.timeoutMs });
  try {
    const id = BatchId.safeParse((await client.messages.batches.create({ requests }, { signal: time.signal })).id);
    if (!id.success) return done({ kind: 'unknown', message: 'the service named no batch: is baseUrl that of a Messages API?' });
    others.set(id.data, true);
    return done({ kind: 'sent', id: id.data });
  } catch (error) {
    const status = isApiError(error) ? error.status : undefined;
    if (status === undefined)
      return isUnsent(error)
        ? { kind: 'again', afterMs: null, why: textOf(error) }
        : done({ kind: 'unknown', message: textOf(error) });
    const message = (isApiError(error) ? error.apiMessage : null) ?? textOf(error);
    const why = `the service answered ${status}: ${message}`;
    if (REFUSED_FOR_NOW.has(status))
      return { kind: 'again', afterMs: isApiError(error) && error.headers ? retryAfterMs(error.headers, now()) : null, why };
    if (isPassing(status)) return done({ kind: 'unknown', message: why });
    return done({ kind: 'refused', failure: service.refused(status, message) });
  } finally {
    time.end();
  }
};
