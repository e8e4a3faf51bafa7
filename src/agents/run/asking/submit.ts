/** From a durable answer to a candidate that waits for its verdict. */
import { type ErrorCode, KilnError } from '../../../domain/errors.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import { NO_PROGRAM, programOfSource } from '../../../domain/program-style.ts';
import { advance, fail } from '../outcomes/advance.ts';
import { retryOf, submitterOf, targetIndexOf } from '../state/campaign-run.ts';
import type { Answered, AskingRun } from '../state/campaign-run.ts';
import { TUNER } from '../state/targets.ts';
import { retryWhileUnavailable } from '../state/retry-while-unavailable.ts';
import { expectVerdict, keepVerdict } from '../outcomes/keep-verdict.ts';
import type { AskingDeps } from './asking-deps.ts';

/** `known`: somebody had submitted it before, so it is not in the queue because of this campaign. */
export type Taken = 'candidate' | 'known' | 'nothing';

/** `again`: a restart does not know whether it was submitted already. `nothing`: a copy of what waits, or refused. */
export const submitAnswer = async (
  run: AskingRun,
  deps: AskingDeps,
  { generation, draft, again }: Answered & { readonly again: boolean },
): Promise<Taken> => {
  deps.classes.onArriving(generation.device);
  const submitted = await submit(run, deps, { generation, draft });
  if (submitted instanceof KilnError) {
    await fail(run, deps, { generation, failure: 'rejected', message: submitted.message });
    return 'nothing';
  }
  const { id, known } = submitted;
  if (run.pending.has(id)) {
    await fail(run, deps, { generation, failure: 'duplicate', message: `${id} waits for its verdict already` });
    return 'nothing';
  }
  // Claimed before the row is written: a second copy that comes meanwhile is one.
  run.pending.set(id, { generations: [generation], source: draft.source });
  const isFirst = !known || (again && (await isOurs(run, deps, id)));
  if (generation.move !== 'seed' && generation.generator !== TUNER)
    run.roster.agents[generation.agent]?.conversation.onSubmitted(id, targetIndexOf(run, generation));
  const moved = await advance(run, deps, { generation, state: { status: 'submitted', candidateId: id, isFirst } });
  run.pending.set(id, { generations: [moved], source: draft.source });
  // Known before, so no record of this campaign. After a restart it may be one: `recheck` looks.
  if (submitted.status === 'done' && !again) void keepVerdict(run, deps, { id, isRecord: false });
  else expectVerdict(run, deps, id);
  return isFirst ? 'candidate' : 'known';
};

type Refused = KilnError;

const submit = async (run: AskingRun, deps: AskingDeps, { generation, draft }: Answered) => {
  const { problem, device } = generation;
  const { language, source, params } = draft;
  const { priority } = run.campaign.spec;
  // What others are compared with is timed to the end.
  const effort = generation.move === 'seed' ? 'full' : run.campaign.spec.effort;
  const program = language === 'python' ? programOfSource(source) : undefined;
  if (program === null) return refusal('INVALID_REQUEST', NO_PROGRAM);
  const content = { problem, device, language, source, params, ...(program && { program }) };
  const input = { ...content, priority, ...(effort === undefined ? {} : { effort }) };
  try {
    const { candidates } = await retryWhileUnavailable(
      async () => deps.judging.submit([{ ...input, submitter: submitterOf(run), labels: [], trial: 0 }]),
      retryOf(run),
    );
    return candidates[0] ?? refusal('INTERNAL', `the engine gave no answer for ${generation.id}`);
  } catch (error) {
    if (error instanceof KilnError && !error.retryable) return error;
    throw error;
  }
};

const refusal = (code: ErrorCode, message: string): Refused => new KilnError(code, message);

const isOurs = async (run: AskingRun, { judging }: AskingDeps, id: CandidateId): Promise<boolean> => {
  const candidate = await retryWhileUnavailable(async () => judging.candidate(id), retryOf(run));
  return candidate.submission.submitter === submitterOf(run);
};
