/**
 * Reads one streamed message, event by event: the tool's input as text, what it cost so far, why it stopped. The SDK's own accumulator parses
 * the unfinished JSON anew at every delta and keeps every block; this keeps one string.
 */
import type { RawMessageStreamEvent, StopReason } from '@anthropic-ai/sdk/resources/messages';
import { NO_TOKENS, type TokenCounts } from './prices.ts';

export interface StreamedMessage {
  /** Null: the tool was not called. */
  readonly toolInput: string | null;
  readonly text: string;
  /** Null: it ended before its end. */
  readonly stopReason: StopReason | null;
  readonly refusal: string | null;
  readonly tokens: TokenCounts;
  readonly isTooLong: boolean;
  /** The end came, and with it the last count. */
  readonly isWhole: boolean;
}

export interface MessageReader {
  /** False: enough, the rest need not be read. */
  read(event: RawMessageStreamEvent): boolean;
  /** The service began to answer: it bills. */
  readonly hasBegun: boolean;
  readonly message: StreamedMessage;
}

export const createMessageReader = ({
  answerBytesMax,
  maxTokens,
}: {
  readonly answerBytesMax: number;
  readonly maxTokens: number;
}): MessageReader => {
  const parts: string[] = [];
  let toolIndex: number | null = null;
  let text = '';
  let bytes = 0;
  let stop: Pick<StreamedMessage, 'stopReason' | 'refusal'> = { stopReason: null, refusal: null };
  let tokens = NO_TOKENS;
  let hasBegun = false;
  let isWhole = false;

  const readDelta = (event: Extract<RawMessageStreamEvent, { type: 'content_block_delta' }>): void => {
    const { delta, index } = event;
    if (delta.type === 'input_json_delta') {
      bytes += Buffer.byteLength(delta.partial_json);
      if (index === toolIndex) parts.push(delta.partial_json);
    }
    if (delta.type === 'thinking_delta') bytes += Buffer.byteLength(delta.thinking);
    if (delta.type === 'text_delta') {
      bytes += Buffer.byteLength(delta.text);
      text += delta.text;
    }
  };

  return {
    read: (event) => {
      switch (event.type) {
        case 'message_start':
          hasBegun = true;
          tokens = withUsage(tokens, event.message.usage);
          break;
        case 'content_block_start':
          if (event.content_block.type === 'tool_use') toolIndex ??= event.index;
          break;
        case 'content_block_delta':
          readDelta(event);
          break;
        case 'message_delta':
          tokens = withUsage(tokens, event.usage);
          stop = { stopReason: event.delta.stop_reason, refusal: event.delta.stop_details?.explanation ?? null };
          isWhole = true;
          break;
        case 'content_block_stop':
        case 'message_stop':
          break;
      }
      return bytes <= answerBytesMax;
    },
    get hasBegun() {
      return hasBegun;
    },
    get message() {
      return {
        toolInput: toolIndex === null ? null : parts.join(''),
        text,
        ...stop,
        // The last count comes with the end. Of an answer that was cut off, what was sent was certainly made.
        tokens: isWhole ? tokens : { ...tokens, outputTokens: Math.max(tokens.outputTokens, atLeast(bytes, maxTokens)) },
        isTooLong: bytes > answerBytesMax,
        isWhole,
      };
    },
  };
};

/** Code comes to about three bytes a token. */
const BYTES_PER_TOKEN = 3;
const atLeast = (bytes: number, maxTokens: number): number => Math.min(maxTokens, Math.ceil(bytes / BYTES_PER_TOKEN));

interface ServiceUsage {
  readonly input_tokens: number | null;
  readonly cache_creation_input_tokens?: number | null;
  readonly cache_read_input_tokens?: number | null;
  readonly output_tokens: number;
}

/** What a message counts, added to what is known. Throws where it counts what cannot be. Counts are cumulative; what an event leaves out stands as it was. */
export const withUsage = (tokens: TokenCounts, usage: ServiceUsage): TokenCounts => ({
  inputTokens: counted(usage.input_tokens ?? tokens.inputTokens),
  cacheWriteTokens: counted(usage.cache_creation_input_tokens ?? tokens.cacheWriteTokens),
  cacheReadTokens: counted(usage.cache_read_input_tokens ?? tokens.cacheReadTokens),
  outputTokens: counted(usage.output_tokens),
});

const TOKENS_MAX = 1e9;
/** What stands between us and the service may count anything: an account must not run backwards, or to nowhere. */
const counted = (tokens: number): number => {
  if (Number.isInteger(tokens) && tokens >= 0 && tokens <= TOKENS_MAX) return tokens;
  throw new Error(`the service counts ${String(tokens)} tokens`);
};
