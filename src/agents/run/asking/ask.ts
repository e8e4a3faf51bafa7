/** Asks a generator: chooses what for, reserves what it may cost, and writes the question down before it goes out. */
import { NO_USAGE } from '../../../domain/campaign/campaign.ts';
import type { Draft, Generation } from '../../../domain/campaign/campaign.ts';
import type { GenerationContext } from '../../../domain/campaign/generation-context.ts';
import { generationIdOf } from '../../../domain/ids.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import { ideaOf } from '../../../domain/campaign/diagnosis.ts';
import type { Answer, Batches, DiagnosisAnswer, Failure, Reserve } from '../../generator.ts';
import type { Choice } from '../../search/entry.ts';
import type { ParamTrial } from '../../search/param-search.ts';
import { retryOf } from '../state/campaign-run.ts';
import type { AskingRun } from '../state/campaign-run.ts';
import { affords } from '../state/limits.ts';
import { retryWhileUnavailable } from '../state/retry-while-unavailable.ts';
import type { Arrival } from '../state/open-batch.ts';
import type { Assignment } from './assignment.ts';
import type { AskingDeps } from './asking-deps.ts';
import { joinBatch } from './batches.ts';
import { choose, type Chosen, keyOf } from './choose.ts';
import { waits } from './waits.ts';

export type Question =
  | { readonly kind: 'writing'; readonly generation: Generation; readonly answer: Promise<Answer> }
  /** As `writing`, later: nobody thinks meanwhile. Null: the daemon stops before. */
  | { readonly kind: 'batched'; readonly arrival: Promise<Arrival | null> }
  | {
      readonly kind: 'diagnosis';
      readonly generation: Generation;
      readonly choice: Choice;
      readonly answer: Promise<DiagnosisAnswer>;
    };

/** Null where the budget does not hold what the answer may cost. The context is held by the generator alone while it answers. */
export const ask = async (run: AskingRun, deps: AskingDeps, assignment: Assignment): Promise<Question | null> => {
  const { target, generator, tunes } = assignment;
  const number = run.next;
  run.next += 1;
  if (tunes !== null) return askTrial(run, deps, { assignment, trial: tunes, number });
  const chosen = choose(run, deps, assignment, number);
  const { choice, carrying } = chosen;
  const diagnosed = chosen.diagnosing && keyOf(generator, choice);
  if (diagnosed !== null) target.diagnosing.add(diagnosed);
  if (generator.readsProfiles) {
    const parents = choice.parents.filter((id) => target.archive.content(id)?.language !== 'python');
    deps.profiles.onParents(target.device, parents);
  }
  const accounted = countPreparing(run);
  let question: Question | null = null;
  let joined: (() => void) | null = null;
  try {
    const context = await contextOf(run, deps, { assignment, ...chosen });
    const asking = reserved(run, deps, { assignment, number, chosen, context });
    joined = asking?.waiting ? countJoining(run) : null;
    accounted();
    if (!asking) return null;
    await deps.writer.add([asking.generation], retryOf(run));
    question = questionOf(run, deps, { assignment, context, choice, ...asking });
    return question;
  } finally {
    accounted();
    joined?.();
    if (question?.kind !== 'diagnosis' && diagnosed !== null) target.diagnosing.delete(diagnosed);
    if (!question || question.kind === 'diagnosis') target.archive.giveBack(choice);
    if (!question && carrying) target.proposals.giveBack(carrying.ref);
  }
};

interface Trying {
  readonly assignment: Assignment;
  readonly trial: ParamTrial;
  readonly number: number;
}

/** Nobody has to be asked: the answer is there with the question. */
const askTrial = async (run: AskingRun, deps: AskingDeps, { assignment, trial, number }: Trying): Promise<Question> => {
  const { of, changed, idea, ...content } = trial;
  const choice: Choice = { move: 'improve', parents: [of], seed: 0 };
  const chosen: Chosen = { choice, as: 'tune', turns: [], carrying: null, diagnosing: null };
  const at = new Date(deps.now()).toISOString();
  const asked = askedGeneration(run, { assignment, number, chosen, at, reservedMicros: 0 });
  const generation: Generation = { ...asked, idea };
  run.account.move(null, generation);
  await deps.writer.add([generation], retryOf(run));
  const draft: Draft = { ...content, idea, note: `other params: ${changed.join(', ')}` };
  return { kind: 'writing', generation, answer: Promise.resolve({ ok: true, draft, usage: NO_USAGE }) };
};

interface Putting extends Reserved {
  readonly assignment: Assignment;
  readonly context: GenerationContext;
  readonly choice: Choice;
}

const questionOf = (run: AskingRun, deps: AskingDeps, putting: Putting): Question => {
  const { assignment, generation, context, choice, diagnosing, waiting } = putting;
  const { target, generator } = assignment;
  if (waiting) return { kind: 'batched', arrival: joinBatch(run, deps, { generation, context, batches: waiting }) };
  const reservedMicros = reservedOf(generation);
  if (diagnosing === null)
    return { kind: 'writing', generation, answer: answerOf(run, deps, { target, generator, context, reservedMicros }) };
  const { signal } = run.asked;
  const proposals = generator.diagnosing?.proposals ?? 1;
  const diagnosis = async (): Promise<DiagnosisAnswer> => diagnosing.diagnoser.next({ context, proposals, signal });
  const answer = withoutRejection(run, deps, { name: diagnosing.by.name, reservedMicros, ask: diagnosis }).finally(() =>
    target.diagnosing.delete(keyOf(generator, choice)),
  );
  return { kind: 'diagnosis', generation, choice, answer };
};

const reservedOf = ({ state }: Generation): number => (state.status === 'asked' ? state.reservedMicros : 0);

interface Asked {
  readonly target: Assignment['target'];
  readonly generator: Assignment['generator'];
  readonly context: GenerationContext;
  readonly reservedMicros: number;
}

const answerOf = async (
  run: AskingRun,
  deps: AskingDeps,
  { target, generator, context, reservedMicros }: Asked,
): Promise<Answer> => {
  const reserve: Reserve = (draft) => target.archive.novelty(draft).isNew && target.reserved.reserve(draft);
  const asking = async (): Promise<Answer> => generator.next(context, run.asked.signal, reserve);
  const answer = await withoutRejection(run, deps, { name: generator.name, reservedMicros, ask: asking });
  // All candidates of one proposal are tries of one idea, whatever their writers call it.
  return answer.ok && context.proposal ? { ...answer, draft: { ...answer.draft, idea: ideaOf(context.proposal) } } : answer;
};

interface Rejecting<A> {
  readonly name: string;
  readonly reservedMicros: number;
  readonly ask: () => Promise<A>;
}

/** A generator that rejects is a defect; the question must not stay open because of it, nor be free. */
const withoutRejection = async <A>(
  run: AskingRun,
  { log }: AskingDeps,
  { name, reservedMicros, ask: asking }: Rejecting<A>,
): Promise<A | Failure> => {
  try {
    return await asking();
  } catch (error) {
    log.error({ err: error, campaignId: run.campaign.id, generator: name }, 'a generator failed unexpectedly');
    const message = 'an unexpected failure of the generator, see the log of the daemon';
    return { ok: false, failure: 'unavailable', message, usage: { ...NO_USAGE, micros: reservedMicros } };
  }
};

/** Counted until the returned function is called first: by then the account knows of it. */
const countPreparing = (run: AskingRun): (() => void) => counted(run, 'preparing');

/** Likewise: by then it is in a batch. */
const countJoining = (run: AskingRun): (() => void) => counted(run, 'joining');

const counted = (run: AskingRun, what: 'preparing' | 'joining'): (() => void) => {
  run[what] += 1;
  let isCounted = true;
  return () => {
    if (isCounted) run[what] -= 1;
    isCounted = false;
  };
};

interface Telling extends Pick<Chosen, 'choice' | 'turns' | 'carrying'> {
  readonly assignment: Assignment;
}

const contextOf = async (
  run: AskingRun,
  deps: AskingDeps,
  { assignment, choice, turns, carrying }: Telling,
): Promise<GenerationContext> => {
  const { problem, device, languages, archive, proposals } = assignment.target;
  const wordsOf = (id: CandidateId): string => archive.content(id)?.idea ?? '';
  const [first] = choice.parents;
  const tried = first === undefined || choice.move === 'repair' ? [] : archive.triedOn(first, TRIED_ROWS);
  const { recalled } = assignment.target;
  const elsewhere = [...elsewhereOf(run, assignment.target), ...(recalled?.elsewhere ?? [])].slice(0, 2 * ELSEWHERE_ROWS);
  const known = { memory: archive.memory(MEMORY_ROWS), tried, earlier: recalled?.rows ?? [], elsewhere };
  const proposed = { proposed: proposals.proposedFor(choice.parents), proposal: carrying?.shown ?? null };
  const attempts = assignment.agent.attempts();
  const wish = { problem, device, languages, choice, turns, attempts, ...known, ...proposed, ideaOf: wordsOf };
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
/** What was applied to the parent that it is shown. */
const TRIED_ROWS = 16;

interface Reserving {
  readonly assignment: Assignment;
  readonly number: number;
  readonly chosen: Chosen;
  readonly context: GenerationContext;
}

interface Reserved {
  readonly generation: Generation;
  readonly diagnosing: Chosen['diagnosing'];
  /** It waits for a batch of these; null: it is asked directly. */
  readonly waiting: Batches | null;
}

/** In the account, or null where that may not be. A diagnosis is paid for only where what it proposes can be too. */
const reserved = (run: AskingRun, { now }: AskingDeps, { assignment, number, chosen, context }: Reserving): Reserved | null => {
  const { asking, generator } = assignment;
  const waiting = waits(run, generator, { chosen, number }) ? (generator.batches ?? null) : null;
  const writingMicros = Math.ceil((waiting ?? generator).reserveMicros(context));
  const proposals = generator.diagnosing?.proposals ?? 1;
  const diagnosisMicros = Math.ceil(chosen.diagnosing?.diagnoser.reserveMicros(context, proposals) ?? 0);
  asking.reserveMicros = writingMicros;
  const standing = { budget: run.campaign.spec.budget, account: run.account };
  const diagnosing = affords(standing, diagnosisMicros + writingMicros) ? chosen.diagnosing : null;
  if (run.asked.signal.aborted || !affords(standing, writingMicros)) return null;
  const reservedMicros = diagnosing ? diagnosisMicros : writingMicros;
  const at = new Date(now()).toISOString();
  const asked = askedGeneration(run, { assignment, number, chosen: { ...chosen, diagnosing }, at, reservedMicros });
  const state = { status: 'asked' as const, reservedMicros, batch: { step: 'collected' as const } };
  const generation = waiting ? { ...asked, state } : asked;
  run.account.move(null, generation);
  return { generation, diagnosing, waiting };
};

interface AskedParts {
  readonly assignment: Assignment;
  readonly number: number;
  readonly chosen: Chosen;
  readonly at: string;
  readonly reservedMicros: number;
}

const askedGeneration = (
  { campaign }: AskingRun,
  { assignment, number, chosen: { choice, as, carrying, diagnosing }, at, reservedMicros }: AskedParts,
): Generation => ({
  id: generationIdOf(campaign.id, number),
  campaignId: campaign.id,
  number,
  agent: assignment.agent.index,
  generator: (diagnosing?.by ?? assignment.generator).name,
  problem: assignment.target.problem,
  device: assignment.target.device,
  move: diagnosing ? 'diagnose' : as,
  island: assignment.agent.island,
  parents: [...choice.parents],
  idea: '',
  ...(carrying ? { proposal: carrying.ref } : {}),
  usage: NO_USAGE,
  state: { status: 'asked', reservedMicros },
  askedAt: at,
  updatedAt: at,
});
