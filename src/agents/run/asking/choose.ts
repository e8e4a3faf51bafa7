/** What an agent is asked for: to go on in its conversation, to carry out a proposal, to diagnose, or what the archive says. */
import type { Move } from '../../../domain/campaign/campaign.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import type { Diagnoser, Generator } from '../../generator.ts';
import type { Choice } from '../../search/entry.ts';
import type { Carrying } from '../../search/proposals.ts';
import type { AskingRun } from '../state/campaign-run.ts';
import type { Assignment } from './assignment.ts';
import type { AskingDeps } from './asking-deps.ts';

export interface Chosen {
  readonly choice: Choice;
  /** What its row says of it. */
  readonly as: Move;
  /** Of the agent's conversation, oldest first. */
  readonly turns: readonly CandidateId[];
  /** What was proposed before and is written now. */
  readonly carrying: Carrying | null;
  /** Nothing is written: who is asked what limits the parents. */
  readonly diagnosing: { readonly by: Generator; readonly diagnoser: Diagnoser } | null;
}

type ChoosingDeps = Pick<AskingDeps, 'generators' | 'monotonicMs'>;

/** Its own last candidate while its conversation lasts, otherwise what was proposed or what the archive says. */
export const choose = (run: AskingRun, deps: ChoosingDeps, assignment: Assignment, number: number): Chosen => {
  const { agent, target, generator, wish } = assignment;
  const plain = { carrying: null, diagnosing: null };
  const invents = generator.kind !== 'evolve';
  const goesOn = invents ? agent.conversation.next(run.targets.indexOf(target), target.archive.best()?.speedup) : null;
  const wished = wish === null || wish === 'diagnose' ? {} : { wish };
  const drawn = target.archive.choose({ island: agent.island, number, invents, ...wished });
  if (goesOn === null) return begun(run, deps, { assignment, drawn });
  target.archive.giveBack(drawn);
  const [first] = goesOn.choice.parents;
  if (goesOn.choice.move === 'repair' && first !== undefined) target.archive.claim(first);
  return { ...plain, choice: { ...goesOn.choice, seed: drawn.seed }, as: goesOn.choice.move, turns: goesOn.turns };
};

interface Beginning {
  readonly assignment: Assignment;
  readonly drawn: Choice;
}

const begun = (run: AskingRun, deps: ChoosingDeps, { assignment, drawn }: Beginning): Chosen => {
  const { target, generator, wish } = assignment;
  const as = wish === 'refine' && drawn.move === 'improve' ? wish : drawn.move;
  const plain: Chosen = { choice: drawn, as, turns: [], carrying: null, diagnosing: null };
  // What failed says itself what is wrong with it.
  if (!generator.diagnosing || drawn.move === 'repair') return plain;
  const carrying = target.proposals.take(generator.name);
  if (carrying) {
    const { move, parents } = carrying;
    return { ...plain, choice: { move, parents, seed: drawn.seed }, as: move, carrying };
  }
  if (wish !== null && wish !== 'diagnose') return plain;
  return { ...plain, diagnosing: diagnoserFor(run, deps, { assignment, drawn }) };
};

/** Null where it is to be written at once: the last diagnosis came to nothing, another one of these parents is on its way, or who is asked fails. */
const diagnoserFor = (
  run: AskingRun,
  { generators, monotonicMs }: ChoosingDeps,
  { assignment, drawn }: Beginning,
): Chosen['diagnosing'] => {
  const { target, generator } = assignment;
  if (target.undiagnosed.delete(generator.name) || target.diagnosing.has(keyOf(generator, drawn))) return null;
  const by = generators.byName.get(generator.diagnosing?.by ?? generator.name);
  if (!by?.diagnoser || by.unavailable !== null) return null;
  const isOther = by.name !== generator.name;
  return isOther && run.breakerOf(by.name).refusal(monotonicMs()) !== null ? null : { by, diagnoser: by.diagnoser };
};

export const keyOf = ({ name }: Generator, { move, parents }: Choice): string => [name, move, ...parents].join(' ');
