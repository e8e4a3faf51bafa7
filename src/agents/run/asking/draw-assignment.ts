/** Whom an agent asks, and for what, where that is learned from what was earned: it goes on in its conversation, or one arm is drawn. */
import type { Generator } from '../../generator.ts';
import type { Now } from '../state/allowed-now.ts';
import { drawArm } from '../state/bandit.ts';
import type { Asking, AskingRun } from '../state/campaign-run.ts';
import { canAsk } from '../state/exhaustion.ts';
import { affords } from '../state/limits.ts';
import type { Agent, Lane } from '../state/roster.ts';
import type { Target } from '../state/targets.ts';
import type { Assignment, Wish } from './assignment.ts';
import { goesOn, mayBegin } from './waits.ts';

interface Askable {
  readonly generator: Generator;
  readonly asking: Asking;
}

/** Null where it cannot be asked for this target now. */
export const askable = (
  run: AskingRun,
  { generators, monotonicMs }: Now,
  { name, target }: { readonly name: string; readonly target: Target },
): Askable | null => {
  const [generator, asking] = [generators.byName.get(name), run.asking.get(name)];
  if (!asking || generator?.unavailable !== null) return null;
  if (!canAsk(target, generator) || asking.breaker.refusal(monotonicMs()) !== null) return null;
  const { budget } = run.campaign.spec;
  return affords({ budget, account: run.account }, asking.reserveMicros) ? { generator, asking } : null;
};

export const drawnAssignment = (
  run: AskingRun,
  now: Now,
  { lane, target }: { readonly lane: Lane; readonly target: Target },
): Assignment | null => {
  const able = run.campaign.spec.generators.flatMap(({ name }) => askable(run, now, { name, target }) ?? []);
  const beginners = able.filter(({ generator }) => mayBegin(run, generator));
  const may = (one: Agent): boolean => beginners.length > 0 || goesOn(run, one, target);
  const agent = able.length === 0 ? null : run.roster.take(lane, may);
  if (!agent) return null;
  const drawn = drawFor(run, { able, beginners, agent, target });
  if (!drawn) {
    run.roster.free(agent);
    return null;
  }
  agent.writer = drawn.generator.name;
  return { agent, target, ...drawn, tunes: null };
};

interface Drawing {
  readonly able: readonly Askable[];
  /** Those of them with whom it may begin anew. */
  readonly beginners: readonly Askable[];
  readonly agent: Agent;
  readonly target: Target;
}

/** Null where it would have to begin anew with nobody. */
const drawFor = (run: AskingRun, { able, beginners, agent, target }: Drawing): (Askable & Pick<Assignment, 'wish'>) | null => {
  const own = able.find(({ generator }) => generator.name === agent.writer);
  if (own && goesOn(run, agent, target)) return { ...own, wish: null };
  const [any] = beginners;
  if (!any) return null;
  const { budget, seed, generators } = run.campaign.spec;
  const mean = generators.reduce((sum, { share }) => sum + share, 0) / generators.length;
  const shareOf = (name: string): number => (generators.find((one) => one.name === name)?.share ?? mean) / mean;
  const arms = beginners.flatMap(({ generator }) =>
    wishesOf(generator, target, agent.island).map((move) => ({
      generator: generator.name,
      move,
      share: shareOf(generator.name) * MOVE_SHARES[move],
    })),
  );
  const arm = drawArm(arms, { earnings: run.account.earnings, budget, seed, number: run.next });
  const chosen = beginners.find(({ generator }) => generator.name === arm?.generator) ?? any;
  return { ...chosen, wish: arm?.move ?? null };
};

/** What is written anew is mostly slower than what was improved for long, and joining needs two that have something to give. */
const MOVE_SHARES: Readonly<Record<Wish, number>> = { refine: 1, improve: 0.7, repair: 0.7, cross: 0.4, new: 0.2, diagnose: 1 };

/** What there is something for. */
const wishesOf = (generator: Pick<Generator, 'kind' | 'diagnosing'>, { archive }: Target, island: number): readonly Wish[] => {
  const [elites, invents] = [archive.elites().length, generator.kind !== 'evolve'];
  return [
    ...(invents || elites === 0 ? (['new'] as const) : []),
    ...(elites > 0 ? (['improve', 'refine'] as const) : []),
    ...(elites > 1 ? (['cross'] as const) : []),
    ...(archive.canRepair(island) ? (['repair'] as const) : []),
    ...(generator.diagnosing ? (['diagnose'] as const) : []),
  ];
};
