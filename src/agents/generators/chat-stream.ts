/** Answers of chat completions, whole or in deltas. Servers differ in what they leave out: everything but the text is optional. */
import { z } from 'zod';
import { isEventStream } from './network.ts';
import { bodyOf, wholeText } from './response-body.ts';
import { dataLines } from '../../platform/server-sent-events.ts';

const Tokens = z.number().min(0).max(1e9);
const ChatUsage = z.object({
  prompt_tokens: Tokens,
  completion_tokens: Tokens,
  prompt_tokens_details: z.object({ cached_tokens: Tokens.nullish() }).nullish(),
});
type ChatUsage = z.infer<typeof ChatUsage>;

const Said = z.object({ content: z.string().nullish(), refusal: z.string().nullish() });
const Chunk = z.object({
  choices: z.array(z.object({ delta: Said.nullish(), message: Said.nullish(), finish_reason: z.string().nullish() })).default([]),
  usage: ChatUsage.nullish(),
  error: z.object({ message: z.string() }).nullish(),
});

export interface ChatAnswer {
  readonly text: string;
  readonly refusal: string | null;
  /** Null: it ended before its end. */
  readonly finishReason: string | null;
  /** Null: the server did not count. */
  readonly usage: ChatUsage | null;
  readonly isTooLong: boolean;
}

interface Reading {
  texts: string[];
  bytes: number;
  refusal: string | null;
  finishReason: string | null;
  usage: ChatUsage | null;
}

/** The server says, in place of an answer, that there is none. */
export class SaidError extends Error {}

export interface ChatReader {
  /** Reads until the end, or until it is too long. Throws what the network throws, and SaidError for what the server calls one. */
  read(response: Response): Promise<void>;
  readonly hasBegun: boolean;
  readonly answer: ChatAnswer;
}

export const createChatReader = (answerBytesMax: number): ChatReader => {
  const reading: Reading = { texts: [], bytes: 0, refusal: null, finishReason: null, usage: null };
  const isTooLong = (): boolean => reading.bytes > answerBytesMax;
  return {
    read: async (response) => {
      for await (const data of dataOf(response, answerBytesMax)) {
        if (data !== '[DONE]' && data !== '') take(reading, data);
        if (isTooLong()) return;
      }
    },
    get hasBegun() {
      return reading.bytes > 0 || reading.finishReason !== null;
    },
    get answer() {
      const { texts, refusal, finishReason, usage } = reading;
      return { text: texts.join(''), refusal, finishReason, usage, isTooLong: isTooLong() };
    },
  };
};

/** JSON around an answer: names, escapes. */
const ENVELOPE_FACTOR = 4;

async function* dataOf(response: Response, answerBytesMax: number): AsyncGenerator<string> {
  if (isEventStream(response.headers)) yield* dataLines(bodyOf(response));
  else yield wholeText(response, ENVELOPE_FACTOR * answerBytesMax);
}

const take = (reading: Reading, data: string): void => {
  const { choices, usage, error } = Chunk.parse(JSON.parse(data));
  if (error) throw new SaidError(error.message);
  if (usage) reading.usage = usage;
  const [choice] = choices;
  if (choice === undefined) return;
  const said = choice.delta ?? choice.message;
  if (said?.content) {
    reading.texts.push(said.content);
    reading.bytes += Buffer.byteLength(said.content);
  }
  if (said?.refusal) {
    reading.refusal = (reading.refusal ?? '') + said.refusal;
    reading.bytes += Buffer.byteLength(said.refusal);
  }
  reading.finishReason = choice.finish_reason ?? reading.finishReason;
};
