/** Asks a generator: chooses what for, reserves what it may cost, and writes the question down before it goes out. */
import { NO_USAGE } from '../../../domain/campaign/campaign.ts';
import type { Generation } from '../../../domain/campaign/campaign.ts';
import type { GenerationContext } from '../../../domain/campaign/generation-context.ts';
import { generationIdOf } from '../../../domain/ids.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import type { Answer, Claim } from '../../generator.ts';
import type { Choice } from '../../search/entry.ts';
import { patienceOf } from '../lifecycle/campaign-run.ts';
import type { Run, RunDeps } from '../lifecycle/campaign-run.ts';
import { affords } from '../lifecycle/limits.ts';
import { patiently } from './retry-while-unavailable.ts';
import type { Seat } from './assignment.ts';

interface Question {
  readonly generation: Generation;
  readonly answer: Promise<Answer>;
}

/** Null where the budget does not hold what the answer may cost. The context is held by the generator alone while it answers. */
export const ask = async (run: Run, deps: RunDeps, seat: Seat): Promise<Question | null> => {
  const { agent, target, generator } = seat;
  const number = run.next;
  run.next += 1;
  const choice = target.archive.choose({ island: agent.island, number, invents: generator.kind !== 'evolve' });
  if (generator.readsProfiles) deps.profiles.onParents(target.device, choice.parents);
  const accounted = countPreparing(run);
  let question: Question | null = null;
  try {
    const context = await contextOf(run, deps, { seat, choice });
    const generation = reserved(run, deps, { seat, number, choice, context });
    accounted();
    if (!generation) return null;
    await deps.rows.add([generation], patienceOf(run));
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

const reservedOf = ({ state }: Generation): number => (state.status === 'asked' ? state.reservedMicros : 0);

interface Asked {
  readonly target: Seat['target'];
  readonly generator: Seat['generator'];
  readonly context: GenerationContext;
  readonly reservedMicros: number;
}

/** A generator that rejects is a defect; the question must not stay open because of it, nor be free. */
const answerOf = async (run: Run, { log }: RunDeps, { target, generator, context, reservedMicros }: Asked): Promise<Answer> => {
  const claim: Claim = (draft) => target.archive.novelty(draft).isNew && target.claims.take(draft);
  try {
    return await generator.next(context, run.asked.signal, claim);
  } catch (error) {
    log.error({ err: error, campaignId: run.record.id, generator: generator.name }, 'a generator failed unexpectedly');
    const message = 'an unexpected failure of the generator, see the log of the daemon';
    return { ok: false, failure: 'unavailable', message, usage: { ...NO_USAGE, micros: reservedMicros } };
  }
};

/** Counted until the returned function is called first: by then the account knows of it. */
const countPreparing = (run: Run): (() => void) => {
  run.preparing += 1;
  let isPreparing = true;
  return () => {
    if (isPreparing) run.preparing -= 1;
    isPreparing = false;
  };
};

interface Chosen {
  readonly seat: Seat;
  readonly choice: Choice;
}

const contextOf = async (run: Run, deps: RunDeps, { seat, choice }: Chosen): Promise<GenerationContext> => {
  const { problem, device, languages, archive } = seat.target;
  const ideaOf = (id: CandidateId): string => archive.content(id)?.idea ?? '';
  const wish = { problem, device, languages, choice, attempts: seat.agent.attempts(), ideaOf };
  const context = await patiently(async () => deps.contexts.build(wish), patienceOf(run));
  run.trouble = null;
  return context;
};

interface Reserving extends Chosen {
  readonly number: number;
  readonly context: GenerationContext;
}

/** In the account, or null where that may not be. */
const reserved = (run: Run, { now }: RunDeps, { context, ...chosen }: Reserving): Generation | null => {
  const { asking, generator } = chosen.seat;
  const reservedMicros = Math.ceil(generator.reserveMicros(context));
  asking.reserveMicros = reservedMicros;
  const { budget } = run.record.spec;
  if (run.asked.signal.aborted || !affords({ budget, account: run.account }, reservedMicros)) return null;
  const generation = askedGeneration(run, { ...chosen, at: new Date(now()).toISOString(), reservedMicros });
  run.account.move(null, generation);
  return generation;
};

interface AskedParts extends Chosen {
  readonly number: number;
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
