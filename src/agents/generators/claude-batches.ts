/**
 * Questions that can wait, over the Message Batches API. A batch is sent once and never again where the service may have it: it bills what it answers.
 * The service's list names neither what is in a batch nor who sent it, so that one without a known id is recognised by its number of requests, and
 * by the names of its questions once it has ended.
 */
import type Anthropic from '@anthropic-ai/sdk';
import type {
  BatchCreateParams,
  MessageBatch,
  MessageBatchIndividualResponse,
} from '@anthropic-ai/sdk/resources/messages/batches';
import { BatchId, NO_USAGE } from '../../domain/campaign/campaign.ts';
import type { GenerationContext } from '../../domain/campaign/generation-context.ts';
import type { ClaudeSettings } from '../../domain/campaign/generator-settings.ts';
import { BoundedMap } from '../../platform/bounded-map.ts';
import { sleep } from '../../platform/clock.ts';
import type { Batches, BatchEnd, BatchFound, BatchQuestion, BatchSent, Following } from '../generator.ts';
import { buildPrompt } from '../prompt/build-prompt.ts';
import { type CallDeps, type Calling, patiently, SenselessError, waitMs } from './batch-calls.ts';
import { readResult, unbilled } from './batch-result.ts';
import { isApiError, textOf } from './claude-client.ts';
import { messageOf, promptBytes, type RequestSettings } from './claude-request.ts';
import { failed } from './failed.ts';
import { isUnsent } from './network.ts';
import { mostMicros, type PriceList } from './prices.ts';
import { type Attempt, isPassing, retryAfterMs, withRetries } from './retry.ts';
import type { Service, ServiceDeps } from './service.ts';
import { timeLimit } from './time-limit.ts';

/** Of one batch. The service takes a hundred times as many, and 256 MB. */
const REQUESTS_MAX = 1000;
const BYTES_MAX = 64 * 1024 * 1024;
const MS_A_SECOND = 1000;
const MS_A_MINUTE = 60_000;
const MS_A_DAY = 24 * 60 * MS_A_MINUTE;
/** After the service's limit, before a batch that never ends is cancelled, and again before it is given up. */
const GRACE_MS = 60 * MS_A_MINUTE;
/** What the service's clock and ours may differ by. */
const SKEW_MS = 10 * MS_A_MINUTE;
/** Looks at a list without the batch, before it counts as never made. */
const LOOKS_MIN = 3;
/** Batches of the list that one look reads: the newest come first. */
const LISTED_MAX = 2000;
const PAGE = 100;
/** Batches that were seen to be somebody else's. */
const OTHERS_MAX = 5000;
/** A whole file of results without what was asked for is read again so often. */
const READS_MAX = 3;
/** The request failed, and whether a batch was made nobody knows; of the others that pass the service had nothing. */
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
    find: async (wanted, following) => find(serving, wanted, following),
    follow: async (id, following) => follow(serving, id, following),
    results: async (id, { keys, leave, onResult }) =>
      results(serving, id, {
        keys: new Set(keys),
        leave,
        onEntry: ({ custom_id: key, result: line }) => onResult({ key, read: (context) => readResult(line, context, result) }),
      }),
  };
};

interface Serving extends ClaudeBatchesDeps {
  readonly calls: CallDeps;
  /** By id: they hold none of our questions, or are known to be of another of our batches. */
  readonly others: BoundedMap<string, true>;
}

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
  const done = (value: BatchSent): Attempt<BatchSent> => ({ kind: 'done', value });
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

type Wanted = Parameters<Batches['find']>[0];

const find = async (
  serving: Serving,
  wanted: Wanted,
  { leave, onState }: Pick<Following, 'leave' | 'onState'>,
): Promise<BatchFound> => {
  const { calls, now, others } = serving;
  const calling = callingOf({ leave, onState }, 'the batch is looked for');
  for (let looks = 0; ; looks += 1) {
    // Also before the first look: what was just sent may not be listed yet.
    await sleep(waitMs(looks + 1, calls), { clock: calls.clock, signal: leave });
    const listed = await patiently(async (signal) => list(serving, wanted, signal), calls, calling);
    if (listed.kind === 'left') return listed;
    if (listed.kind === 'lost') return { kind: 'lost', message: `batches cannot be listed: ${listed.message}` };
    for (const { id } of listed.value.filter(({ processing_status: status }) => status === 'ended')) {
      const ours = await holdsAny(serving, id, wanted.keys, leave);
      if (leave.aborted) return { kind: 'left' };
      if (ours) return { kind: 'found', id };
      others.set(id, true);
    }
    const open = listed.value.filter(({ processing_status: status }) => status !== 'ended').length;
    if (open === 0 && looks + 1 >= LOOKS_MIN) return { kind: 'none' };
    if (now() > wanted.sinceMs + MS_A_DAY + 2 * GRACE_MS)
      return { kind: 'lost', message: 'none of the batches that may hold it has ended in more than 24 h' };
    onState(
      open === 0 ? 'looked for among the batches of the service' : `one of ${open} batches may hold it: that shows when they end`,
    );
  }
};

/** Those that may be it. The newest come first. */
const list = async (
  { client, others }: Serving,
  { sinceMs, requests }: Wanted,
  signal: AbortSignal,
): Promise<readonly MessageBatch[]> => {
  const found: MessageBatch[] = [];
  let seen = 0;
  for await (const batch of client.messages.batches.list({ limit: PAGE }, { signal })) {
    seen += 1;
    if (seen > LISTED_MAX || Date.parse(batch.created_at) < sinceMs - SKEW_MS) break;
    if (requestsOf(batch) === requests && others.get(batch.id) === undefined) found.push(batch);
  }
  return found;
};

const requestsOf = ({ request_counts: counts }: MessageBatch): number =>
  counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired;

const holdsAny = async (serving: Serving, id: string, keys: readonly string[], leave: AbortSignal): Promise<boolean> => {
  let holds = false;
  const onEntry = (): void => {
    holds = true;
  };
  await results(serving, id, { keys: new Set(keys), leave, onEntry, reads: 1 });
  return holds;
};

const follow = async (serving: Serving, id: string, following: Following): Promise<BatchEnd> => {
  const { client, calls, now, others } = serving;
  const { cancel, leave, onState } = following;
  others.set(id, true);
  const calling = callingOf(following, id);
  const either = AbortSignal.any([leave, cancel]);
  let isCancelled = false;
  for (let looks = 1; ; looks += 1) {
    const looked = await patiently(async (signal) => client.messages.batches.retrieve(id, {}, { signal }), calls, calling);
    if (looked.kind !== 'done') return looked;
    const { processing_status: status, expires_at: expires } = looked.value;
    if (status === 'ended') return { kind: 'ended' };
    onState(status === 'canceling' ? 'being cancelled' : 'being answered');
    const overMs = now() - Date.parse(expires);
    if (overMs > 2 * GRACE_MS) return { kind: 'lost', message: 'it has not ended long after the 24 h that a batch has' };
    if (!isCancelled && status !== 'canceling' && (cancel.aborted || overMs > GRACE_MS)) {
      isCancelled = true;
      // Idempotent. What it says comes with the next look, also where it is refused because the batch ended meanwhile.
      const asked = await patiently(async (signal) => cancelOnce(client, id, signal), calls, calling);
      if (asked.kind === 'left') return asked;
      looks = 0;
      continue;
    }
    await sleep(waitMs(looks, calls), { clock: calls.clock, signal: cancel.aborted ? leave : either });
  }
};

const cancelOnce = async (client: Anthropic, id: string, signal: AbortSignal): Promise<void> => {
  try {
    await client.messages.batches.cancel(id, {}, { signal });
  } catch (error) {
    // It has ended, or is being cancelled already: the next look says so.
    if (!isApiError(error) || error.status === undefined || isPassing(error.status)) throw error;
  }
};

interface Reading {
  readonly keys: ReadonlySet<string>;
  readonly leave: AbortSignal;
  readonly onEntry: (entry: MessageBatchIndividualResponse) => void;
  readonly reads?: number;
}

/** Each line once: what broke off is read again, from its beginning. */
const results = async (serving: Serving, id: string, { keys, leave, onEntry, reads = READS_MAX }: Reading): Promise<BatchEnd> => {
  const { client, calls } = serving;
  const left = new Set(keys);
  const read = async (signal: AbortSignal): Promise<void> => {
    for await (const entry of await client.messages.batches.results(id, {}, { signal })) {
      if (!isEntry(entry)) throw new SenselessError('a line of the results names no question');
      if (left.delete(entry.custom_id)) onEntry(entry);
    }
  };
  for (let tries = 0; tries < reads && left.size > 0; tries += 1) {
    const called = await patiently(read, calls, { leave, onTrouble: () => undefined });
    if (called.kind !== 'done') return called;
  }
  return left.size === 0 ? { kind: 'ended' } : { kind: 'lost', message: `the results of ${id} do not name it` };
};

const KINDS: ReadonlySet<unknown> = new Set(['succeeded', 'errored', 'canceled', 'expired']);
/** The lines of a file are only called entries by the SDK. */
const isEntry = (entry: Partial<MessageBatchIndividualResponse> | null): entry is MessageBatchIndividualResponse =>
  typeof entry?.custom_id === 'string' && KINDS.has(entry.result?.type);

const callingOf = ({ leave, onState }: Pick<Following, 'leave' | 'onState'>, what: string): Calling => ({
  leave,
  onTrouble: (trouble) => onState(`${what}: ${trouble}`),
});
