/** Candidates by the models of the Messages API, over the official SDK. */
import { type Anthropic, APIConnectionError, type APIError, APIUserAbortError } from '@anthropic-ai/sdk';
import type { MessageCreateParamsStreaming } from '@anthropic-ai/sdk/resources/messages';
import { NO_USAGE, type Usage, type WritingMove } from '../../domain/campaign/campaign.ts';
import type { ClaudeSettings } from '../../domain/campaign/generator-settings.ts';
import type { Diagnoser, DiagnosisAnswer, Failure, Generator } from '../generator.ts';
import { buildDiagnosisPrompt } from '../prompt/build-diagnosis-prompt.ts';
import { buildPrompt, type Prompt } from '../prompt/build-prompt.ts';
import { createCacheWriters, UNCACHED } from './cache-writers.ts';
import { breakpointsOf, promptBytes, requestOf } from './claude-request.ts';
import { createMessageReader, type StreamedMessage } from './claude-stream.ts';
import { failed } from './failed.ts';
import { thinkingComplaint } from './model-traits.ts';
import { readDiagnosis } from '../answers/read-diagnosis.ts';
import { ANSWER_BYTES_MAX, answerOf, draftReader, type Read } from './claude-answer.ts';
import { createClaudeBatches } from './claude-batches.ts';
import { claudeClient, isApiError, textOf } from './claude-client.ts';
import { batchPrices, costsMoney, microsOf, mostMicros, type PriceList, pricesFor, usageOf } from './prices.ts';
import { isEventStream, isUnsent } from './network.ts';
import { createService, type Question, type Sent, type ServiceDeps } from './service.ts';

const MS_PER_MINUTE = 60_000;

export interface ClaudeDeps extends ServiceDeps {
  readonly name: string;
  /** Null: none is set, and the generator says so. */
  readonly apiKey: string | null;
  /** Where `settings.baseUrl` is null; null: the service itself. */
  readonly baseUrl: string | null;
  /** Somebody asks it for diagnoses. Left out: nobody. */
  readonly isDiagnoser?: boolean;
}

export const createClaude = (settings: ClaudeSettings, deps: ClaudeDeps): Generator => {
  const { name, apiKey, isDiagnoser = false } = deps;
  const prices = settings.prices ?? pricesFor(settings.model, settings.cacheMinutes);
  if (apiKey === null)
    return unavailable(name, 'ANTHROPIC_API_KEY is not set: set it in the environment of the daemon and start it again');
  if (prices === null) {
    return unavailable(
      name,
      `no prices are known for ${settings.model}: set agents.generators.${name}.prices in kiln.yaml (US dollars per million tokens), or another model`,
    );
  }
  const complaint = thinkingComplaint(settings);
  if (complaint !== null) return unavailable(name, `agents.generators.${name}: ${complaint}`);
  const client = claudeClient(settings, { apiKey, baseUrl: deps.baseUrl });
  const service = createService(settings, deps);
  const writers = createCacheWriters({ lifeMs: settings.cacheMinutes * MS_PER_MINUTE, now: deps.now });
  const request = { ...settings, diagnoses: isDiagnoser };
  const sizeOf = (prompt: Prompt): Size => {
    const bytes = promptBytes(prompt, isDiagnoser);
    return { promptBytes: bytes, mostMicros: mostMicros({ promptBytes: bytes, maxTokens: settings.maxTokens }, prices) };
  };
  const askFor = async <A extends { readonly usage: Usage }>(question: Asking<A>): Promise<A | Failure> => {
    const { prompt, asked, read, signal } = question;
    const size = sizeOf(prompt);
    const ask: Ask<A> = { client, body: requestOf(prompt, request, asked), prices, mostMicros: size.mostMicros, read };
    const isCached = breakpointsOf(prompt, request).problem;
    const turn = isCached ? await writers.enter(prompt.problem, signal) : UNCACHED;
    try {
      const send = async (sending: Sending): Promise<Sent<A | Failure>> =>
        askOnce(ask, { ...sending, onBegun: () => turn.begun() });
      return await service.ask({ ...size, signal, send });
    } finally {
      turn.end();
    }
  };
  return {
    name,
    kind: 'claude',
    isPaid: costsMoney(prices),
    readsProfiles: true,
    get unavailable() {
      return service.refusal;
    },
    diagnosing: settings.diagnose,
    ...(isDiagnoser ? { diagnoser: diagnoserOf(askFor, sizeOf) } : {}),
    batches: createClaudeBatches(settings, { ...deps, client, service, request, prices: batchPrices(prices) }),
    reserveMicros: (context) => sizeOf(buildPrompt(context)).mostMicros,
    next: async (context, signal) =>
      askFor({ prompt: buildPrompt(context), asked: context.move, read: draftReader(context), signal }),
  };
};

type Size = Pick<Question<Counted>, 'promptBytes' | 'mostMicros'>;
type Counted = { readonly usage: Usage };
type Sending = Parameters<Question<Counted>['send']>[0];

interface Asking<A> {
  readonly prompt: Prompt;
  readonly asked: WritingMove | 'diagnose';
  readonly read: Read<A>;
  readonly signal: AbortSignal;
}

type AskFor = (question: Asking<DiagnosisAnswer>) => Promise<DiagnosisAnswer>;

const diagnoserOf = (askFor: AskFor, sizeOf: (prompt: Prompt) => Size): Diagnoser => ({
  reserveMicros: (context, proposals) => sizeOf(buildDiagnosisPrompt(context, proposals)).mostMicros,
  next: async ({ context, proposals, signal }) =>
    askFor({
      prompt: buildDiagnosisPrompt(context, proposals),
      asked: 'diagnose',
      read: ({ toolInput, text }, usage) => {
        const result = readDiagnosis(toolInput ?? text, proposals);
        return result.ok ? { ...result, usage } : failed('malformed', result.message, usage);
      },
      signal,
    }),
});

const unavailable = (name: string, why: string): Generator => ({
  name,
  kind: 'claude',
  unavailable: why,
  isPaid: true,
  readsProfiles: true,
  reserveMicros: () => 0,
  next: async () => failed('unavailable', why, NO_USAGE),
});

interface Ask<A> {
  readonly client: Anthropic;
  readonly body: MessageCreateParamsStreaming;
  readonly prices: PriceList;
  readonly mostMicros: number;
  readonly read: Read<A>;
}

type Request = Sending & { readonly onBegun: () => void };

const askOnce = async <A extends Counted>(ask: Ask<A>, { signal, onHeaders, onBegun }: Request): Promise<Sent<A | Failure>> => {
  const { client, body, prices } = ask;
  const reader = createMessageReader({ answerBytesMax: ANSWER_BYTES_MAX, maxTokens: body.max_tokens });
  try {
    const { data: stream, response } = await client.messages.create(body, { signal }).withResponse();
    onHeaders(response.headers);
    if (!isEventStream(response.headers)) {
      stream.controller.abort();
      return { kind: 'cut', message: `${response.status} without a stream of events: is baseUrl that of a Messages API?` };
    }
    for await (const event of stream) {
      if (event.type === 'message_start') onBegun();
      if (!reader.read(event)) break;
    }
  } catch (error) {
    // The SDK wraps what the network does, but not while a stream is read.
    const message = textOf(error);
    if (reader.hasBegun) return { kind: 'broken', message, usage: brokenUsage(reader.message, ask) };
    return isApiError(error) ? errorOf(error, message) : { kind: 'cut', message };
  }
  const { message } = reader;
  if (!message.isWhole && !message.isTooLong) {
    return { kind: 'broken', message: 'it ended before its end', usage: brokenUsage(message, ask) };
  }
  const usage = message.isWhole ? usageOf(message.tokens, prices) : brokenUsage(message, ask);
  return { kind: 'answer', answer: answerOf({ message, usage, maxTokens: body.max_tokens, read: ask.read }) };
};

const errorOf = (error: APIError, message: string): Sent<never> => {
  const { status, apiMessage, headers } = error;
  if (status !== undefined) return { kind: 'error', status, message: apiMessage ?? message, headers: headers ?? new Headers() };
  // Not of the network: the service's own error, in place of an answer.
  const isSaid = !(error instanceof APIConnectionError) && !(error instanceof APIUserAbortError);
  return { kind: isSaid || isUnsent(error) ? 'nothing' : 'cut', message };
};

/**
 * The prompt is counted at the beginning, the answer at the end: of one that was cut off, all that was allowed may have been written, also
 * what is thought and not shown.
 */
const brokenUsage = (
  { tokens }: StreamedMessage,
  { body, prices, mostMicros: most }: Pick<Ask<never>, 'body' | 'prices' | 'mostMicros'>,
): Usage => {
  const isCounted = tokens.inputTokens + tokens.cacheWriteTokens + tokens.cacheReadTokens > 0;
  const micros = isCounted ? microsOf({ ...tokens, outputTokens: Math.max(tokens.outputTokens, body.max_tokens) }, prices) : most;
  return { ...tokens, micros };
};
