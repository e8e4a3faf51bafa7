/** One line of a batch's results as an answer: what is not an answer is told with its reason, and costs nothing. */
import type { MessageBatchResult } from '@anthropic-ai/sdk/resources/messages/batches';
import type { Message } from '@anthropic-ai/sdk/resources/messages';
import { NO_USAGE } from '../../domain/campaign/campaign.ts';
import type { GenerationContext } from '../../domain/campaign/generation-context.ts';
import { plainLine } from '../../platform/printable-text.ts';
import type { Answer, Failure } from '../generator.ts';
import { ANSWER_BYTES_MAX, answerOf, draftReader, type Ended } from './claude-answer.ts';
import { withUsage } from './claude-stream.ts';
import { failed } from './failed.ts';
import { NO_TOKENS, type PriceList, usageOf } from './prices.ts';
import { isPassing } from './retry.ts';
import type { Service } from './service.ts';

export interface ResultDeps {
  readonly service: Pick<Service, 'refused'>;
  readonly prices: PriceList;
  readonly maxTokens: number;
  readonly reserveMicros: (context: GenerationContext) => number;
}

export const readResult = (result: MessageBatchResult, context: GenerationContext, deps: ResultDeps): Answer => {
  switch (result.type) {
    case 'succeeded':
      return succeeded(result.message, context, deps);
    case 'errored':
      return errored(result.error.error, deps);
    case 'expired':
      return failed('timed_out', 'the batch expired before it was answered (after 24 h); it is not billed', NO_USAGE);
    case 'canceled':
      return unbilled('the batch was cancelled before it was answered; it is not billed');
  }
};

export const unbilled = (message: string): Failure => ({ ...failed('stopped', message, NO_USAGE), isUnbilled: true });

const succeeded = (message: Message, context: GenerationContext, { prices, maxTokens, reserveMicros }: ResultDeps): Answer => {
  try {
    const usage = usageOf(withUsage(NO_TOKENS, message.usage), prices);
    return answerOf({ message: endedOf(message), usage, maxTokens, read: draftReader(context) });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // It was answered, and what it cost cannot be read.
    const usage = { ...NO_USAGE, micros: Math.ceil(reserveMicros(context)) };
    return failed('malformed', `the answer cannot be read: ${error.message}`, usage);
  }
};

const endedOf = ({ content, stop_reason: stopReason, stop_details: details }: Message): Ended => {
  const call = content.find((block) => block.type === 'tool_use');
  const toolInput = call === undefined ? null : JSON.stringify(call.input);
  const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('');
  const bytes = Buffer.byteLength(text) + Buffer.byteLength(toolInput ?? '');
  return { toolInput, text, stopReason, refusal: details?.explanation ?? null, isTooLong: bytes > ANSWER_BYTES_MAX };
};

/** What the same error is as the status of a direct answer. */
const STATUS: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['api_error', 500],
  ['timeout_error', 504],
  ['overloaded_error', 529],
]);

const errored = (error: { readonly type: string; readonly message: string }, { service }: ResultDeps): Failure => {
  const status = STATUS.get(error.type) ?? 500;
  if (!isPassing(status)) return service.refused(status, error.message);
  return failed(
    'unavailable',
    `in a batch the service answered ${error.type}: ${plainLine(error.message)}; it is not billed`,
    NO_USAGE,
  );
};
