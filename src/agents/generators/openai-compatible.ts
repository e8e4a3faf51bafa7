/** Candidates by any server that speaks chat completions: vLLM, Ollama, llama.cpp, or a service. */
import { NO_USAGE, type Usage } from '../../domain/campaign/campaign.ts';
import type { GenerationContext } from '../../domain/campaign/generation-context.ts';
import type { OpenAiCompatibleSettings } from '../../domain/campaign/generator-settings.ts';
import type { Answer, DiagnosisAnswer, Failure, Generator } from '../generator.ts';
import { chatBody, chatPromptBytes, type ChatQuestion, diagnosisQuestion, draftQuestion } from './chat-request.ts';
import { type ChatAnswer, type ChatReader, createChatReader, SaidError } from './chat-stream.ts';
import { failed } from './failed.ts';
import { draftOfText } from '../answers/draft-of-text.ts';
import { readDiagnosis } from '../answers/read-diagnosis.ts';
import { baseOf, shownSources } from '../answers/shown-sources.ts';
import { costsMoney, mostMicros, NO_TOKENS, usageOf } from './prices.ts';
import { isUnsent } from './network.ts';
import { beginningOf } from './response-body.ts';
import { createService, type Question, type Sent, type ServiceDeps } from './service.ts';

const ANSWER_BYTES_MAX = 1024 * 1024;
/** Servers say what is wrong as JSON, as text, or as a page. */
const ERROR_BYTES_MAX = 2000;

export interface ChatDeps extends ServiceDeps {
  /** Null where none is needed, or where the variable is not set. */
  readonly key: string | null;
  /** Somebody asks it for diagnoses. Left out: nobody. */
  readonly isDiagnoser?: boolean;
}

export const createOpenAiCompatible = (settings: OpenAiCompatibleSettings, deps: ChatDeps): Generator => {
  const { name, key } = deps;
  const missing =
    settings.keyVariable !== null && key === null
      ? `${settings.keyVariable} is not set: set it in the environment of the daemon and start it again`
      : null;
  const service = createService(settings, deps);
  const memory = { isStructured: settings.structured === 'auto' };
  const sizeOf = (question: ChatQuestion) => {
    const promptBytes = chatPromptBytes(question);
    return { promptBytes, mostMicros: mostMicros({ promptBytes, maxTokens: settings.maxTokens }, settings.prices) };
  };
  const askFor = async <A extends Counted>(question: ChatQuestion, read: Read<A>, signal: AbortSignal): Promise<A | Failure> => {
    if (missing !== null) return failed('unavailable', missing, NO_USAGE);
    const size = sizeOf(question);
    const ask: Ask<A> = { settings, key, question, read, memory, ...size };
    return service.ask({ ...size, signal, send: async (request) => askOnce(ask, request) });
  };
  return {
    name,
    kind: 'openai-compatible',
    isPaid: costsMoney(settings.prices),
    readsProfiles: true,
    get unavailable() {
      return missing ?? service.refusal;
    },
    diagnosing: settings.diagnose,
    ...(deps.isDiagnoser
      ? {
          diagnoser: {
            reserveMicros: (context, proposals) => sizeOf(diagnosisQuestion(context, proposals)).mostMicros,
            next: async ({ context, proposals, signal }) =>
              askFor(diagnosisQuestion(context, proposals), diagnosisReader(proposals, settings.maxTokens), signal),
          },
        }
      : {}),
    reserveMicros: (context) => sizeOf(draftQuestion(context)).mostMicros,
    next: async (context, signal) => askFor(draftQuestion(context), draftReader(context, settings.maxTokens), signal),
  };
};

type Counted = { readonly usage: Usage };
/** Of a whole answer. `isCut`: a limit ended it. */
type Read<A> = (answer: { readonly text: string; readonly isCut: boolean }, used: Usage) => A | Failure;

interface Ask<A> {
  readonly settings: OpenAiCompatibleSettings;
  readonly key: string | null;
  readonly question: ChatQuestion;
  readonly read: Read<A>;
  /** Of the generator: whether the server takes a schema. */
  readonly memory: { isStructured: boolean };
  readonly promptBytes: number;
  readonly mostMicros: number;
}

type Request = Parameters<Question<Counted>['send']>[0];

const askOnce = async <A extends Counted>(ask: Ask<A>, request: Request): Promise<Sent<A | Failure>> => {
  const { memory } = ask;
  const isStructured = memory.isStructured;
  const sent = await post(ask, isStructured, request);
  if (!isStructured || sent.kind !== 'error' || !(sent.status === 400 || sent.status === 422)) return sent;
  // Refused with a schema: where it does without, the schema was it.
  const plain = await post(ask, false, request);
  if (plain.kind === 'answer') memory.isStructured = false;
  return plain;
};

const post = async <A extends Counted>(
  ask: Ask<A>,
  isStructured: boolean,
  { signal, onHeaders }: Request,
): Promise<Sent<A | Failure>> => {
  const { settings, key, question } = ask;
  const reader = createChatReader(ANSWER_BYTES_MAX);
  try {
    const response = await fetch(`${settings.baseUrl.replace(/\/+$/u, '')}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
      body: JSON.stringify(chatBody(question, settings, isStructured)),
      signal,
      // A redirect would take the prompt to somebody else.
      redirect: 'manual',
    });
    if (!response.ok)
      return {
        kind: 'error',
        status: response.status,
        message: await beginningOf(response, ERROR_BYTES_MAX),
        headers: response.headers,
      };
    onHeaders(response.headers);
    await reader.read(response);
  } catch (error) {
    const message = error instanceof Error ? textOf(error) : String(error);
    return reader.hasBegun
      ? { kind: 'broken', message, usage: usage(reader, ask) }
      : { kind: isUnsent(error) || error instanceof SaidError ? 'nothing' : 'cut', message };
  }
  const { answer } = reader;
  if (answer.finishReason === null && !answer.isTooLong)
    return { kind: 'broken', message: 'it ended before its end', usage: usage(reader, ask) };
  return { kind: 'answer', answer: answerOf(answer, usage(reader, ask), ask) };
};

const textOf = (error: Error): string =>
  error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;

const BYTES_PER_TOKEN = 3;

type Sized = Pick<Ask<never>, 'settings' | 'promptBytes' | 'mostMicros'>;

/** What the server counted; where it did not, a guess of the tokens, and the most that they can have cost. */
const usage = (reader: ChatReader, { settings, promptBytes, mostMicros: most }: Sized): Usage => {
  const { text, usage: counted } = reader.answer;
  if (counted === null) {
    const inputTokens = Math.ceil(promptBytes / BYTES_PER_TOKEN);
    const outputTokens = Math.min(settings.maxTokens, Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN));
    return { ...NO_TOKENS, inputTokens, outputTokens, micros: most };
  }
  const cached = counted.prompt_tokens_details?.cached_tokens ?? 0;
  const tokens = {
    ...NO_TOKENS,
    inputTokens: Math.max(0, Math.round(counted.prompt_tokens - cached)),
    cacheReadTokens: Math.round(cached),
    outputTokens: Math.round(counted.completion_tokens),
  };
  return usageOf(tokens, settings.prices);
};

const answerOf = <A extends Counted>(answer: ChatAnswer, used: Usage, { read }: Pick<Ask<A>, 'read'>): A | Failure => {
  if (answer.isTooLong)
    return failed('malformed', `the answer went beyond ${ANSWER_BYTES_MAX} bytes; the rest was not read`, used);
  if (answer.refusal !== null) return failed('refused', answer.refusal, used);
  if (answer.finishReason === 'content_filter') return failed('refused', 'the server filtered the answer', used);
  return read({ text: answer.text, isCut: answer.finishReason === 'length' }, used);
};

const draftReader =
  (context: GenerationContext, maxTokens: number): Read<Answer> =>
  ({ text, isCut }, used) => {
    const { languages } = context;
    const read = draftOfText(text, { languages, shown: shownSources(context), base: baseOf(context), isCut });
    if (read.ok) return { ok: true, draft: read.draft, usage: used };
    return isCut ? truncated(maxTokens, used) : failed('malformed', read.message, used);
  };

const diagnosisReader =
  (proposals: number, maxTokens: number): Read<DiagnosisAnswer> =>
  ({ text, isCut }, used) => {
    const read = readDiagnosis(text, proposals);
    if (read.ok) return { ...read, usage: used };
    return isCut ? truncated(maxTokens, used) : failed('malformed', read.message, used);
  };

const truncated = (maxTokens: number, used: Usage): Failure =>
  failed('truncated', `the answer was cut off; maxTokens is ${maxTokens}, and the server may have a limit of its own`, used);
