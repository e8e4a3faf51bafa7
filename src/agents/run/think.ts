/** One question to a generator and what comes of it: choose, reserve, ask, keep the answer, submit. */
import { NO_USAGE } from '../../domain/campaign.ts';
import type { Generation, GenerationState } from '../../domain/campaign.ts';
import { KilnError } from '../../domain/errors.ts';
import { generationIdOf } from '../../domain/ids.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { Answer, Generator } from '../generator.ts';
import type { Choice } from '../search/archive.ts';
import { patienceOf } from './campaign-run.ts';
import type { Asking, Run, RunDeps } from './campaign-run.ts';
import { affords } from './limits.ts';
import { patiently } from './patience.ts';
import type { Agent } from './roster.ts';
import { advance, fail, submitAnswer } from './submit.ts';
import type { Taken } from './submit.ts';
import type { Target } from './targets.ts';

/** After a failure that nobody foresaw. */
const HELD_MS = 5000;

export interface Seat {
  readonly agent: Agent;
  readonly target: Target;
  readonly generator: Generator;
  readonly asking: Asking;
}

/** The agent is free again when it resolves. Never rejects. */
export const think = async (run: Run, deps: RunDeps, seat: Seat): Promise<void> => {
  const { device } = seat.target;
  const startedMs = deps.now();
  let thoughtMs: number | null = null;
  let taken: Taken = 'nothing';
  try {
    const question = await prepare(run, deps, seat);
    if (question) {
      const answer = await question.answer;
      thoughtMs = deps.now() - startedMs;
      taken = await keep(run, deps, { generation: question.generation, answer, seat });
    } else seat.asking.gate.onLeft();
  } catch (error) {
    onUnforeseen(run, deps, error);
    seat.asking.gate.onLeft();
  }
  deps.classes.onThought(device, thoughtMs, taken === 'candidate' ? 'candidate' : 'nothing');
  run.thinking -= 1;
  run.roster.free(seat.agent);
  deps.poke();
};

const onUnforeseen = (run: Run, { log, now }: RunDeps, error: unknown): void => {
  if (run.closed.signal.aborted) return;
  log.error({ err: error, campaignId: run.record.id }, 'an agent met an unexpected failure');
  run.heldUntilMs = now() + HELD_MS;
  run.trouble = error instanceof KilnError ? error.message : 'an unexpected failure, see the log; it is tried again';
};

interface Question {
  readonly generation: Generation;
  readonly answer: Promise<Answer>;
}

const prepare = async (run: Run, deps: RunDeps, seat: Seat): Promise<Question | null> => {
  run.preparing += 1;
  let isPreparing = true;
  const onAccounted = (): void => {
    if (isPreparing) run.preparing -= 1;
    isPreparing = false;
  };
  try {
    return await ask(run, deps, { ...seat, onAccounted });
  } finally {
    onAccounted();
  }
};

/** Null where the budget does not hold what the answer may cost. The context is held by the generator alone while it answers. */
const ask = async (
  run: Run,
  deps: RunDeps,
  { onAccounted, ...seat }: Seat & { readonly onAccounted: () => void },
): Promise<Question | null> => {
  const { agent, target, generator } = seat;
  const number = run.next;
  run.next += 1;
  const invents = generator.kind !== 'evolve';
  const choice = target.archive.choose({ island: agent.island, number, invents });
  const { problem, device, languages } = target;
  const ideaOf = (id: CandidateId): string => target.archive.content(id)?.idea ?? '';
  const wish = { problem, device, languages, choice, attempts: agent.attempts, ideaOf };
  const context = await patiently(async () => deps.contexts.build(wish), patienceOf(run));
  run.trouble = null;
  const reservedMicros = Math.ceil(generator.reserveMicros(context));
  seat.asking.reserveMicros = reservedMicros;
  const { budget } = run.record.spec;
  if (run.asked.signal.aborted || !affords({ budget, account: run.account }, reservedMicros)) return null;
  const generation = askedGeneration(run, { seat, number, choice, at: new Date(deps.now()).toISOString(), reservedMicros });
  run.account.move(null, generation);
  onAccounted();
  await deps.rows.add([generation], patienceOf(run));
  return { generation, answer: generator.next(context, run.asked.signal) };
};

interface AskedParts {
  readonly seat: Seat;
  readonly number: number;
  readonly choice: Choice;
  readonly at: string;
  readonly reservedMicros: number;
}

const askedGeneration = ({ record }: Run, { seat, number, choice, at, reservedMicros }: AskedParts): Generation => ({
  id: generationIdOf(record.id, number),
  campaignId: record.id,
  number,
  agent: seat.agent.index,
  generator: seat.generator.name,
  problem: seat.target.problem,
  device: seat.target.device,
  move: choice.move,
  island: seat.agent.island,
  parents: [...choice.parents],
  idea: '',
  usage: NO_USAGE,
  state: { status: 'asked', reservedMicros },
  askedAt: at,
  updatedAt: at,
});

interface Answering {
  readonly generation: Generation;
  readonly answer: Answer;
  readonly seat: Seat;
}

const keep = async (run: Run, deps: RunDeps, { generation, answer, seat }: Answering): Promise<Taken> => {
  const { gate } = seat.asking;
  if (!answer.ok) {
    gate.onFailure(answer.failure, answer.message, deps.now());
    await keepFailure(run, deps, { generation, answer });
    return 'nothing';
  }
  const { draft, usage } = answer;
  const answered = await advance(run, deps, { generation, state: { status: 'answered', draft }, idea: draft.idea, usage });
  const refused = refusalOf(seat.target, draft);
  if (refused) {
    gate.onFailure(refused.failure, refused.message, deps.now());
    run.copies += refused.failure === 'duplicate' ? 1 : 0;
    await fail(run, deps, { generation: answered, ...refused });
    return 'nothing';
  }
  const taken = await submitAnswer(run, deps, { generation: answered, draft, again: false });
  gate.onAnswer();
  run.copies = taken === 'nothing' ? run.copies + 1 : 0;
  return taken;
};

type Failed = Extract<Answer, { ok: false }>;

/** What was cut off may have been billed, and nobody can say how much: the reserve counts as spent. */
const keepFailure = async (
  run: Run,
  deps: RunDeps,
  { generation, answer }: { readonly generation: Generation; readonly answer: Failed },
): Promise<void> => {
  const { failure, message, usage } = answer;
  const reservedMicros = generation.state.status === 'asked' ? generation.state.reservedMicros : 0;
  const isLost = failure === 'stopped' && usage.micros === 0 && reservedMicros > 0;
  const state: GenerationState = { status: 'lost', reservedMicros };
  if (isLost) await advance(run, deps, { generation, state });
  else await fail(run, deps, { generation, failure, message, usage });
};

/** Before it costs device time. */
const refusalOf = (
  { archive, languages }: Target,
  draft: Extract<Answer, { ok: true }>['draft'],
): { readonly failure: 'duplicate' | 'rejected'; readonly message: string } | null => {
  if (!languages.includes(draft.language)) {
    return { failure: 'rejected', message: `${draft.language} was not asked for; use ${languages.join(' or ')}` };
  }
  if (archive.novelty(draft).isNew) return null;
  return { failure: 'duplicate', message: 'the same content, but for comments and white space, was judged before' };
};
