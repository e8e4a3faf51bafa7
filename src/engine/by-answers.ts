/**
 * A program that goes on by its answers: its recording is none, or is wrong where the program may be right. It is made ready and judged anew then, by calling
 * it. What its recording came to is no verdict; the reason is written down with the move, so that a daemon that starts anew goes on there.
 */
import type { ByAnswers, CandidateState } from '../domain/candidate.ts';
import type { HostId } from '../domain/ids.ts';
import type { Outcome } from '../domain/outcome.ts';
import { NOT_RECORDABLE } from '../domain/program.ts';
import { reasonText } from '../domain/text/describe.ts';
import { type ActiveCandidate, screeningOf } from './active-candidates.ts';
import type { Shared } from './state.ts';

const REASON_CHARS_MAX = 1500;

/** Of a recording that was asked for; null where the outcome is a verdict. */
export const refusedRecording = (outcome: Outcome): ByAnswers | null =>
  outcome.verdict === 'contract' && outcome.message.startsWith(NOT_RECORDABLE) ? found(outcome) : null;

/** Of a recording that was judged, on inputs that the program never saw; null where the outcome is a verdict. */
export const wrongRecording = (outcome: Outcome): ByAnswers | null => {
  switch (outcome.verdict) {
    case 'wrong_answer':
      return found(outcome, 'its recording is wrong on inputs that it was not made with: ');
    // Of a recording a judge says so alone where its launches change what it keeps between calls.
    case 'contract':
      return found(outcome, 'its recording cannot be replayed: ');
    case 'passed':
    case 'compile_error':
    case 'plan_error':
    case 'modified_input':
    case 'out_of_bounds':
    case 'crashed':
    case 'timed_out':
    case 'implausible':
    case 'cancelled':
    case 'infra_failed':
      return null;
  }
};

const found = (outcome: Outcome, about = ''): ByAnswers => ({
  reason: about + reasonText(outcome, REASON_CHARS_MAX),
  recording: outcome.verdict,
});

/** Its screening passed by its recording: whatever comes now says nothing against that. */
export const isToConfirm = (candidate: Pick<ActiveCandidate, 'isScreened' | 'attempts'>): boolean =>
  candidate.isScreened || (screeningOf(candidate)?.mustConfirm ?? false);

/** From now on, and its screening by a recording counts no more. `at`: where it is meanwhile, which stays as it is. */
export const goOnByAnswers = (
  { writeBehind }: Pick<Shared, 'writeBehind'>,
  candidate: Pick<ActiveCandidate, 'id' | 'byAnswers' | 'isScreened'>,
  {
    byAnswers,
    at,
  }: { readonly byAnswers: ByAnswers; readonly at: { readonly state: CandidateState; readonly hostId: HostId | null } },
): void => {
  candidate.byAnswers = byAnswers;
  candidate.isScreened = false;
  const { id } = candidate;
  const event = { type: 'candidate.by_answers', candidateId: id, hostId: at.hostId, data: { ...byAnswers } } as const;
  writeBehind.add({ type: 'transition', transition: { candidateId: id, state: at.state, byAnswers, event } });
};
