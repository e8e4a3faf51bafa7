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
  const [first, ...others] = able.filter(({ generator }) => mayBegin(run, generator));
  /** Who was asked last, where it goes on. */
  const own = (agent: Agent): Askable | null => {
    const last = able.find(({ generator }) => generator.name === agent.writer);
    return last && goesOn(run, agent, target) ? last : null;
  };
  const assigned = (agent: Agent, asked: Askable & Pick<Assignment, 'wish'>): Assignment => {
    agent.writer = asked.generator.name;
    return { agent, target, ...asked, tunes: null };
  };
  const agent = run.roster.take(lane, (one) => first !== undefined || own(one) !== null);
  const last = agent && own(agent);
  if (agent && last) return assigned(agent, { ...last, wish: null });
  return agent && first ? assigned(agent, drawn(run, { beginners: [first, ...others], island: agent.island, target })) : null;
};

interface Drawing {
  /** With whom it may begin anew. */
  readonly beginners: readonly [Askable, ...Askable[]];
  readonly island: number;
  readonly target: Target;
}

const drawn = (run: AskingRun, { beginners, island, target }: Drawing): Askable & Pick<Assignment, 'wish'> => {
  const { budget, seed, generators } = run.campaign.spec;
  const mean = generators.reduce((sum, { share }) => sum + share, 0) / generators.length;
  const shareOf = (name: string): number => (generators.find((one) => one.name === name)?.share ?? mean) / mean;
  const arms = beginners.flatMap(({ generator }) =>
    wishesOf(generator, target, island).map((move) => ({
      generator: generator.name,
      move,
      share: shareOf(generator.name) * MOVE_SHARES[move],
    })),
  );
  const arm = drawArm(arms, { earnings: run.account.earnings, budget, seed, number: run.next });
  const chosen = beginners.find(({ generator }) => generator.name === arm?.generator) ?? beginners[0];
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
