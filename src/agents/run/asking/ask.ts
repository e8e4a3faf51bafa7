/** Asks a generator: chooses what for, reserves what it may cost, and writes the question down before it goes out. */
import { NO_USAGE } from '../../../domain/campaign/campaign.ts';
import type { Generation } from '../../../domain/campaign/campaign.ts';
import type { GenerationContext } from '../../../domain/campaign/generation-context.ts';
import { generationIdOf } from '../../../domain/ids.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import type { Answer, Reserve } from '../../generator.ts';
import type { Choice } from '../../search/entry.ts';
import { retryOf } from '../state/campaign-run.ts';
import type { AskingRun } from '../state/campaign-run.ts';
import { affords } from '../state/limits.ts';
import { retryWhileUnavailable } from '../state/retry-while-unavailable.ts';
import type { Assignment } from './assignment.ts';
import type { AskingDeps } from './asking-deps.ts';

interface Question {
  readonly generation: Generation;
  readonly answer: Promise<Answer>;
}

/** Null where the budget does not hold what the answer may cost. The context is held by the generator alone while it answers. */
export const ask = async (run: AskingRun, deps: AskingDeps, assignment: Assignment): Promise<Question | null> => {
  const { target, generator } = assignment;
  const number = run.next;
  run.next += 1;
  const { choice, turns } = choiceOf(run, assignment, number);
  if (generator.readsProfiles) deps.profiles.onParents(target.device, choice.parents);
  const accounted = countPreparing(run);
  let question: Question | null = null;
  try {
    const context = await contextOf(run, deps, { assignment, choice, turns });
    const generation = reserved(run, deps, { assignment, number, choice, context });
    accounted();
    if (!generation) return null;
    await deps.writer.add([generation], retryOf(run));
    question = {
      generation,
      answer: answerOf(run, deps, { target, generator, context, reservedMicros: reservedOf(generation) }),
    };
    return question;
  } finally {
    accounted();
    if (!question) target.archive.giveBack(choice);
  }
};

interface Chosen {
  readonly choice: Choice;
  /** Of the agent's conversation, oldest first. */
  readonly turns: readonly CandidateId[];
}

/** Its own last candidate while its conversation lasts, otherwise what the archive says. */
const choiceOf = (run: AskingRun, { agent, target, generator, tunes }: Assignment, number: number): Chosen => {
  const invents = generator.kind !== 'evolve';
  const goesOn = invents ? agent.conversation.next(run.targets.indexOf(target)) : null;
  const drawn = target.archive.choose({ island: agent.island, number, invents });
  if (tunes === null && goesOn === null) return { choice: drawn, turns: [] };
  target.archive.giveBack(drawn);
  if (goesOn === null)
    return { choice: { move: 'improve', parents: tunes === null ? [] : [tunes], seed: drawn.seed }, turns: [] };
  const [first] = goesOn.choice.parents;
  if (goesOn.choice.move === 'repair' && first !== undefined) target.archive.claim(first);
  return { choice: { ...goesOn.choice, seed: drawn.seed }, turns: goesOn.turns };
};

const reservedOf = ({ state }: Generation): number => (state.status === 'asked' ? state.reservedMicros : 0);

interface Asked {
  readonly target: Assignment['target'];
  readonly generator: Assignment['generator'];
  readonly context: GenerationContext;
  readonly reservedMicros: number;
}

/** A generator that rejects is a defect; the question must not stay open because of it, nor be free. */
const answerOf = async (
  run: AskingRun,
  { log }: AskingDeps,
  { target, generator, context, reservedMicros }: Asked,
): Promise<Answer> => {
  const reserve: Reserve = (draft) => target.archive.novelty(draft).isNew && target.reserved.reserve(draft);
  try {
    return await generator.next(context, run.asked.signal, reserve);
  } catch (error) {
    log.error({ err: error, campaignId: run.campaign.id, generator: generator.name }, 'a generator failed unexpectedly');
    const message = 'an unexpected failure of the generator, see the log of the daemon';
    return { ok: false, failure: 'unavailable', message, usage: { ...NO_USAGE, micros: reservedMicros } };
  }
};

/** Counted until the returned function is called first: by then the account knows of it. */
const countPreparing = (run: AskingRun): (() => void) => {
  run.preparing += 1;
  let isPreparing = true;
  return () => {
    if (isPreparing) run.preparing -= 1;
    isPreparing = false;
  };
};

interface Telling extends Chosen {
  readonly assignment: Assignment;
}

const contextOf = async (
  run: AskingRun,
  deps: AskingDeps,
  { assignment, choice, turns }: Telling,
): Promise<GenerationContext> => {
  const { problem, device, languages, archive } = assignment.target;
  const ideaOf = (id: CandidateId): string => archive.content(id)?.idea ?? '';
  const known = { memory: archive.memory(MEMORY_ROWS), elsewhere: elsewhereOf(run, assignment.target) };
  const wish = { problem, device, languages, choice, turns, attempts: assignment.agent.attempts(), ...known, ideaOf };
  const context = await retryWhileUnavailable(async () => deps.contexts.build(wish), retryOf(run));
  run.trouble = null;
  return context;
};

/** What gained most on the campaign's other problems, on the same device: often the same holds here. */
const elsewhereOf = ({ targets }: AskingRun, own: Assignment['target']): GenerationContext['elsewhere'] =>
  targets
    .filter((target) => target !== own && target.device === own.device && target.problem !== own.problem)
    .flatMap(({ problem, archive }) => archive.memory(ELSEWHERE_ROWS).map((row) => ({ ...row, problem })))
    .filter(({ bestRatio }) => bestRatio !== null && bestRatio > 1)
    .toSorted((a, b) => (b.bestRatio ?? 0) - (a.bestRatio ?? 0))
    .slice(0, ELSEWHERE_ROWS);

/** Ideas that a writer is told of, and so many of other problems. */
const MEMORY_ROWS = 16;
const ELSEWHERE_ROWS = 5;

interface Reserving extends Pick<Chosen, 'choice'> {
  readonly assignment: Assignment;
  readonly number: number;
  readonly context: GenerationContext;
}

/** In the account, or null where that may not be. */
const reserved = (run: AskingRun, { now }: AskingDeps, { context, ...chosen }: Reserving): Generation | null => {
  const { asking, generator } = chosen.assignment;
  const reservedMicros = Math.ceil(generator.reserveMicros(context));
  asking.reserveMicros = reservedMicros;
  const { budget } = run.campaign.spec;
  if (run.asked.signal.aborted || !affords({ budget, account: run.account }, reservedMicros)) return null;
  const generation = askedGeneration(run, { ...chosen, at: new Date(now()).toISOString(), reservedMicros });
  run.account.move(null, generation);
  return generation;
};

interface AskedParts extends Pick<Chosen, 'choice'> {
  readonly assignment: Assignment;
  readonly number: number;
  readonly at: string;
  readonly reservedMicros: number;
}

const askedGeneration = (
  { campaign }: AskingRun,
  { assignment, number, choice, at, reservedMicros }: AskedParts,
): Generation => ({
  id: generationIdOf(campaign.id, number),
  campaignId: campaign.id,
  number,
  agent: assignment.agent.index,
  generator: assignment.generator.name,
  problem: assignment.target.problem,
  device: assignment.target.device,
  move: choice.move,
  island: assignment.agent.island,
  parents: [...choice.parents],
  idea: '',
  usage: NO_USAGE,
  state: { status: 'asked', reservedMicros },
  askedAt: at,
  updatedAt: at,
});
