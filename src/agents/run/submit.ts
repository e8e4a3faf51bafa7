/** From a durable answer to a candidate that is judged, and back to the archive. */
import type { Generation, GenerationState, GenerationUpdate } from '../../domain/campaign.ts';
import { KilnError } from '../../domain/errors.ts';
import type { CandidateId } from '../../domain/ids.ts';
import { patienceOf, submitterOf, targetOf } from './campaign-run.ts';
import type { Answered, Run, RunDeps } from './campaign-run.ts';
import { archiveEntry, judgedState, pastAttempt } from './judged.ts';
import type { Judged, Seen } from './judged.ts';
import { onMiss } from './misses.ts';
import { patiently } from './patience.ts';
import { ATTEMPTS_MAX } from './roster.ts';

const MESSAGE_CHARS_MAX = 2000;

/** Counted and durable. Returns the generation as it is now. */
export const advance = async (
  run: Run,
  deps: Pick<RunDeps, 'rows' | 'now'>,
  { generation, ...change }: { readonly generation: Generation; readonly state: GenerationState } & Omit<GenerationUpdate, 'id'>,
): Promise<Generation> => {
  const after = { ...generation, ...change, updatedAt: new Date(deps.now()).toISOString() };
  run.account.move(generation, after);
  await deps.rows.update({ id: generation.id, ...change }, patienceOf(run));
  return after;
};

/** `known`: somebody had submitted it before, so it is not in the queue because of this campaign. */
export type Taken = 'candidate' | 'known' | 'nothing';

/** `again`: a restart does not know whether it was submitted already. `nothing`: a copy of what waits, or refused. */
export const submitAnswer = async (
  run: Run,
  deps: RunDeps,
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
  run.pending.set(id, { generation, source: draft.source });
  const isFirst = !known || (again && (await isOurs(run, deps, id)));
  const moved = await advance(run, deps, { generation, state: { status: 'submitted', candidateId: id, isFirst } });
  run.pending.set(id, { generation: moved, source: draft.source });
  // Known before, so no record of this campaign. After a restart it may be one: `recheck` looks.
  if (submitted.status === 'done' && !again) void settle(run, deps, { id, isRecord: false });
  else expectVerdict(run, deps, id);
  return isFirst ? 'candidate' : 'known';
};

type Refused = KilnError;

const submit = async (run: Run, deps: RunDeps, { generation, draft }: Answered) => {
  const { problem, device } = generation;
  const { language, source, params } = draft;
  const input = { problem, device, language, source, params, priority: run.record.spec.priority };
  try {
    const { candidates } = await patiently(
      async () => deps.judging.submit([{ ...input, submitter: submitterOf(run), labels: [], trial: 0 }]),
      patienceOf(run),
    );
    return candidates[0] ?? refusal(`the engine gave no answer for ${generation.id}`);
  } catch (error) {
    if (error instanceof KilnError && !error.retryable) return error;
    throw error;
  }
};

const refusal = (message: string): Refused => new KilnError('INTERNAL', message);

const isOurs = async (run: Run, { judging }: RunDeps, id: CandidateId): Promise<boolean> => {
  const record = await patiently(async () => judging.candidate(id), patienceOf(run));
  return record.submission.submitter === submitterOf(run);
};

export const fail = async (
  run: Run,
  deps: Pick<RunDeps, 'rows' | 'now'>,
  failed: Pick<Extract<GenerationState, { status: 'failed' }>, 'failure' | 'message'> & {
    readonly generation: Generation;
    readonly usage?: Generation['usage'];
  },
): Promise<void> => {
  const { generation, failure, message, usage } = failed;
  const state: GenerationState = { status: 'failed', failure, message: message.slice(0, MESSAGE_CHARS_MAX) };
  onMiss(run, await advance(run, deps, { generation, state, ...(usage && { usage }) }));
  leaveStart(run, generation);
};

/** A starting point is through. */
const leaveStart = (run: Run, generation: Generation): void => {
  const target = targetOf(run, generation);
  if (generation.move === 'seed' && target) target.startsLeft -= 1;
};

export const expectVerdict = (run: Run, deps: RunDeps, id: CandidateId): void =>
  deps.verdicts.expect(id, ({ isRecord }) => void settle(run, deps, { id, isRecord }));

/** Idempotent: the first call for a candidate settles it. */
const settle = async (
  run: Run,
  deps: RunDeps,
  { id, isRecord }: { readonly id: CandidateId; readonly isRecord: boolean },
): Promise<void> => {
  const pending = run.pending.get(id);
  if (!pending || pending.generation.state.status !== 'submitted') return;
  const { generation } = pending;
  const { isFirst } = pending.generation.state;
  try {
    const record = await patiently(async () => deps.judging.candidate(id), patienceOf(run));
    const source = pending.source ?? (await patiently(async () => deps.judging.source(id), patienceOf(run))).source;
    const state = judgedState(record, { isFirst, isRecord });
    if (!state || run.pending.get(id) !== pending) return;
    run.pending.delete(id);
    wishProfile(run, deps, { generation, state });
    learn(run, { generation, source, record });
    if (isFirst) deps.classes.onJudged(generation.device, state.deviceMs);
    await advance(run, deps, { generation, state });
  } catch (error) {
    if (!run.closed.signal.aborted)
      deps.log.error({ err: error, candidateId: id }, 'a verdict could not be kept; it is asked for again');
    if (run.pending.has(id)) expectVerdict(run, deps, id);
  }
  deps.poke();
};

/** Of a new best, where somebody who is asked makes use of it. The account does not know of the candidate yet. */
const wishProfile = (
  { account, asking, record }: Run,
  { generators, profiles }: RunDeps,
  { generation, state }: { readonly generation: Generation; readonly state: Judged },
): void => {
  const { problem, device } = generation;
  if (state.speedup === null || state.speedup <= (account.best(generation)?.speedup ?? 0)) return;
  if (![...asking.keys()].some((name) => generators.byName.get(name)?.readsProfiles)) return;
  profiles.onBest({ of: `${record.id} ${problem} ${device}`, device, candidateId: state.candidateId });
};

/** The archive hears of it, and so does the agent that wrote it. */
export const learn = (run: Run, seen: Seen): void => {
  const { generation, record } = seen;
  const target = targetOf(run, generation);
  target?.archive.add(archiveEntry(seen, target.bound));
  leaveStart(run, generation);
  const agent = generation.move === 'seed' ? undefined : run.roster.agents[generation.agent];
  if (agent) agent.attempts = [...agent.attempts, pastAttempt(generation, record)].slice(-ATTEMPTS_MAX);
};
