/** From a message that ended, streamed or of a batch, to what was asked for. */
import type { GenerationFailure, Usage } from '../../domain/campaign/campaign.ts';
import type { GenerationContext } from '../../domain/campaign/generation-context.ts';
import { draftOfText } from '../answers/draft-of-text.ts';
import { readDraftJson } from '../answers/model-draft.ts';
import { baseOf, shownSources } from '../answers/shown-sources.ts';
import type { Answer, Failure } from '../generator.ts';
import type { StreamedMessage } from './claude-stream.ts';
import { failed } from './failed.ts';

/** Of one answer, thinking included: no candidate is near it (sources are limited to a quarter of a megabyte). */
export const ANSWER_BYTES_MAX = 1024 * 1024;
/** Of an answer without a candidate, in the message that says so. */
const TEXT_CHARS_SHOWN = 300;

/** Of a whole answer that ended as it should. */
export type Read<A> = (message: Ended, usage: Usage) => A | Failure;
export type Ended = Pick<StreamedMessage, 'toolInput' | 'text' | 'stopReason' | 'refusal' | 'isTooLong'>;

interface Reading<A> {
  readonly message: Ended;
  readonly usage: Usage;
  readonly maxTokens: number;
  readonly read: Read<A>;
}

export const answerOf = <A>({ message, usage, maxTokens, read }: Reading<A>): A | Failure => {
  const end = badEnd(message, maxTokens);
  return end === null ? read(message, usage) : failed(end.failure, end.message, usage);
};

export const draftReader = (context: GenerationContext): Read<Answer> => {
  const { languages } = context;
  const [shown, base] = [shownSources(context), baseOf(context)];
  return ({ toolInput, text }, usage) => {
    const read =
      toolInput === null ? draftOfText(text, { languages, shown, base }) : readDraftJson(toolInput, { languages, base });
    if (!read.ok && toolInput === null) {
      const wrote = text.slice(0, TEXT_CHARS_SHOWN) || 'nothing';
      return failed('malformed', `no candidate was handed in; it wrote: ${wrote}`, usage);
    }
    return read.ok ? { ok: true, draft: read.draft, usage } : failed('malformed', read.message, usage);
  };
};

interface BadEnd {
  readonly failure: GenerationFailure;
  readonly message: string;
}

/** Null where it ended as it should. */
const badEnd = ({ isTooLong, stopReason, refusal }: Ended, maxTokens: number): BadEnd | null => {
  if (isTooLong) {
    return { failure: 'malformed', message: `the answer went beyond ${ANSWER_BYTES_MAX} bytes; the rest was not read` };
  }
  switch (stopReason) {
    case 'refusal':
      return { failure: 'refused', message: refusal ?? 'the model declined to answer' };
    case 'max_tokens':
      return { failure: 'truncated', message: `the answer was cut off at ${maxTokens} tokens; raise maxTokens or lower effort` };
    case 'model_context_window_exceeded':
      return { failure: 'truncated', message: 'the answer filled the context window of the model' };
    case 'tool_use':
    case 'end_turn':
    case 'stop_sequence':
    case 'pause_turn':
    case null:
      return null;
  }
};
