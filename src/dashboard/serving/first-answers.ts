/** What a page asks first, answered in its document: a browser that has to come back for it waits a second time. */
import type { FastifyRequest } from 'fastify';
import { wallClockMs } from '../../platform/clock.ts';
import { firstQuestions } from '../model/first-questions.ts';

export interface FirstAnswers {
  /** Of the journal, before the questions were asked: whatever happens after it is told by the stream that begins there. */
  readonly sequence: number;
  /** As the header of an answer says it. */
  readonly date: string;
  /** By address. One that failed or took too long is left out: the page asks it itself, and shows what is wrong. */
  readonly answers: Readonly<Record<string, unknown>>;
}

/** A store that is slow must not keep a page from being shown. */
const LIMIT_MS = 300;

export interface FirstAnswering {
  /** Of the journal. */
  readonly lastSequence: () => Promise<number>;
  /** By address. */
  readonly answers: Readonly<Record<string, (request: FastifyRequest) => unknown>>;
}

/** Null where the journal does not answer in time. */
export const askFirst = async (
  request: FastifyRequest,
  { lastSequence, answers }: FirstAnswering,
): Promise<FirstAnswers | null> => {
  const deadline = afterLimit();
  const orNull = async <T>(answer: Promise<T>): Promise<T | null> => Promise.race([answer.catch(() => null), deadline]);
  const sequence = await orNull(lastSequence());
  if (sequence === null) return null;
  const found = await Promise.all(
    firstQuestions(request.url).map(async (address) => [address, await orNull(answerOf(answers[address], request))] as const),
  );
  return {
    sequence,
    date: new Date(wallClockMs()).toUTCString(),
    answers: Object.fromEntries(found.filter(([, answer]) => answer !== null)),
  };
};

const answerOf = async (answer: ((request: FastifyRequest) => unknown) | undefined, request: FastifyRequest): Promise<unknown> =>
  (await answer?.(request)) ?? null;

const afterLimit = async (): Promise<null> => new Promise((resolve) => void setTimeout(resolve, LIMIT_MS, null).unref());
