/** Keeps an answer: durable first, then submitted, unless it is a copy or nothing that was asked for. */
import type { Draft, Generation, GenerationState } from '../../../domain/campaign/campaign.ts';
import type { PastAttempt } from '../../../domain/campaign/generation-context.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import { times } from '../../../domain/text/units.ts';
import type { Answer, Failure } from '../../generator.ts';
import type { Result } from '../../search/memory.ts';
import { advance, fail } from '../outcomes/advance.ts';
import { targetOf } from '../state/campaign-run.ts';
import type { AskingRun } from '../state/campaign-run.ts';
import { addFailed, isFree } from '../outcomes/failed-generations.ts';
import type { Assignment } from './assignment.ts';
import { submitAnswer } from './submit.ts';
import type { Taken } from './submit.ts';
import type { Target } from '../state/targets.ts';
import type { AskingDeps } from './asking-deps.ts';

interface Answering {
  readonly generation: Generation;
  readonly answer: Answer;
  readonly assignment: Assignment;
}

export const keepAnswer = async (
  run: AskingRun,
  deps: AskingDeps,
  { generation, answer, assignment }: Answering,
): Promise<Taken> => {
  const { target, asking, tunes, agent, generator } = assignment;
  if (!answer.ok) {
    asking.breaker.onFailure(answer.failure, answer.message, deps.monotonicMs());
    if (tunes === null && answer.failure === 'exhausted') onExhausted(target, generation);
    if (tunes === null) agent.conversation.onNothing();
    await keepFailure(run, deps, { generation, answer });
    giveBackProposal(run, generation, answer);
    return 'nothing';
  }
  const { draft, usage } = answer;
  const answered = await advance(run, deps, { generation, state: { status: 'answered', draft }, idea: draft.idea, usage });
  const refused = refusalOf(target, draft);
  if (refused) {
    asking.breaker.onFailure(refused.failure, refused.message, deps.monotonicMs());
    if (tunes === null) {
      if (refused.failure === 'duplicate') countCopy(target, generator.name);
      // Told before the next answer is paid for: who does not hear of it writes it again.
      agent.conversation.onNothing();
      agent.remember({ candidateId: refused.of, attempt: refusedAttempt(draft, refused.message) });
    }
    await fail(run, deps, { generation: answered, ...refused });
    return 'nothing';
  }
  // From now on the same is a copy, though nothing is known of it yet.
  target.archive.expect(draft);
  const taken = await submitAnswer(run, deps, { generation: answered, draft, again: false });
  asking.breaker.onAnswer();
  // Whoever writes is out of ideas or is not, whatever params are tried beside.
  if (tunes === null) {
    if (taken === 'nothing') {
      countCopy(target, generator.name);
      agent.conversation.onNothing();
    } else target.copies.delete(generator.name);
  }
  return taken;
};

/** Nothing is left of what it was to vary: it is not given to anybody again who only varies. */
const onExhausted = (target: Target, { generator, parents: [first] }: Generation): void => {
  countCopy(target, generator);
  if (first !== undefined) target.archive.useUp(first);
};

/** Whoever goes on repeating itself has nothing better to do with a device than other numbers. */
const countCopy = ({ copies, params }: Target, generator: string): void => {
  const count = (copies.get(generator) ?? 0) + 1;
  copies.set(generator, count);
  if (count >= COPIES_TUNED) params?.allow();
};

const COPIES_TUNED = 3;

/** One whose answer may have been paid for is not written again. */
const giveBackProposal = (run: AskingRun, generation: Generation, answer: Failure): void => {
  const target = targetOf(run, generation);
  if (generation.proposal && isFree(answer.failure, answer.usage)) target?.proposals.giveBack(generation.proposal);
};

/** What was cut off may have been billed, and nobody can say how much: the reserve counts as spent, unless it is known that it was not. */
export const keepFailure = async (
  run: AskingRun,
  deps: AskingDeps,
  { generation, answer }: { readonly generation: Generation; readonly answer: Failure },
): Promise<void> => {
  const { failure, message, usage } = answer;
  const reservedMicros = generation.state.status === 'asked' ? generation.state.reservedMicros : 0;
  const isLost = failure === 'stopped' && answer.isUnbilled !== true && usage.micros === 0 && reservedMicros > 0;
  const state: GenerationState = { status: 'lost', reservedMicros };
  if (isLost) addFailed(run, await advance(run, deps, { generation, state }));
  else await fail(run, deps, { generation, failure, message, usage });
};

/** Before it costs device time. */
const refusalOf = ({ archive, languages }: Target, draft: Draft): Refusal | null => {
  if (!languages.includes(draft.language)) {
    return { failure: 'rejected', message: `${draft.language} was not asked for; use ${languages.join(' or ')}`, of: null };
  }
  const { isNew, of } = archive.novelty(draft);
  if (isNew) return null;
  const same = 'the same content, but for comments and white space,';
  if (of === null) return { failure: 'duplicate', message: `${same} is on its way to be judged already`, of };
  return { failure: 'duplicate', message: `${same} was judged before: ${of}${resultOf(archive.result(of))}`, of };
};

interface Refusal {
  readonly failure: 'duplicate' | 'rejected';
  readonly message: string;
  readonly of: CandidateId | null;
}

const resultOf = (result: Result | null): string => {
  if (result === null) return '';
  return result.speedup === null ? `, ${result.failure ?? 'no verdict'}` : `, ${times(result.speedup)}`;
};

const refusedAttempt = ({ idea, params }: Draft, message: string): PastAttempt => ({
  idea,
  params,
  verdict: null,
  speedup: null,
  reason: `not judged: ${message}. Write something else`,
});
