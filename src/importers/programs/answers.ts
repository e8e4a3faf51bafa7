/** What describe.py printed, read. */
import { KilnError } from '../../domain/errors.ts';
import { issuesText } from '../../platform/issue-text.ts';
import { type Answer, Answers, DescribedAnswer, RefusedAnswer } from './described.ts';

/** In the order of the files. `remedy`: for a person, where there is no PyTorch. Throws INVALID_REQUEST. */
export const answersOf = (said: string, remedy: string): readonly Answer[] => {
  const parsed = Answers.safeParse(documentOf(said.trim().split('\n').at(-1) ?? ''));
  if (!parsed.success)
    throw new KilnError('INVALID_REQUEST', `what describes the files answered something else: ${issuesText(parsed.error)}`);
  if ('answers' in parsed.data) return parsed.data.answers.map(answerOf);
  const { complaint, python } = parsed.data;
  throw new KilnError('INVALID_REQUEST', `${python === '' ? complaint : `${python}: ${complaint}`}: ${remedy}`);
};

/** One that is no answer refuses its own file. */
const answerOf = (value: unknown): Answer => {
  const refused = RefusedAnswer.safeParse(value);
  if (refused.success) return refused.data;
  const described = DescribedAnswer.safeParse(value);
  return described.success ? described.data : { refused: `what was said of it cannot be taken: ${issuesText(described.error)}` };
};

const documentOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
