/**
 * The agents of a campaign and who of them is free. Where they roam, each stays with a target as long as its conversation, and then takes any. Otherwise, while there are at least as many
 * agents as targets, each stays with one target and one generator; fewer go round the targets. An agent costs its index, its island and a few past attempts.
 */
import type { PastAttempt } from '../../../domain/campaign/generation-context.ts';
import { type Conversation, createConversation } from '../../search/conversation.ts';
import type { CandidateId } from '../../../domain/ids.ts';

/** Attempts that an agent remembers: enough not to try the same again, few enough that a context stays short. */
const ATTEMPTS_MAX = 4;

export interface Agent {
  readonly index: number;
  readonly island: number;
  readonly generator: string;
  readonly conversation: Conversation;
  /** Name of the generator that was asked last, where any may be; null before. */
  writer: string | null;
  /** Oldest first. */
  attempts(): readonly PastAttempt[];
  remember(attempt: Remembered): void;
  /** Its verdict was taken back. */
  forget(candidateId: CandidateId): void;
}

interface Remembered {
  /** Null of one that was not judged. */
  readonly candidateId: CandidateId | null;
  readonly attempt: PastAttempt;
}

/** A target with a generator: where agents are free or not. */
export interface Lane {
  readonly target: number;
  readonly generator: string;
}

export interface Roster {
  readonly agents: readonly Agent[];
  /**
   * Those that have agents, in an order that goes round: the next call begins behind the lane that an agent was taken from last. Where all who are
   * free wait for verdicts of their conversations, or go on with other targets, a lane comes behind the others. `order`: of targets, instead.
   */
  lanes(order?: readonly number[]): readonly Lane[];
  /** Those that have an agent for this target. */
  generatorsOf(target: number): readonly string[];
  /**
   * The one that has been free longest of those that `may`, or null; before it, where agents roam, who goes on with this target. Who waits for a verdict, or goes on with another target, is
   * taken only where nobody else is free: devices must not idle for it.
   */
  take(lane: Lane, may?: (agent: Agent) => boolean): Agent | null;
  /** Its question is on its way already: it is free no more. False where it was not. */
  occupy(agent: Agent): boolean;
  /** Its answer came to something or to nothing: it is free again. */
  free(agent: Agent): void;
}

export interface RosterOptions {
  readonly agents: number;
  readonly targets: number;
  readonly islands: number;
  /** Of one conversation. */
  readonly turns: number;
  readonly generators: readonly { readonly name: string; readonly share: number }[];
  /** Who waits for a verdict is not asked before it. */
  readonly awaitsVerdicts?: boolean;
  /** The best speed-up of a target, where agents take any target once a conversation has ended. */
  readonly roams?: (target: number) => number | null;
}

export const createRoster = (options: RosterOptions): Roster => {
  const { targets, roams } = options;
  const isRotating = roams !== undefined || options.agents < targets;
  const names = inTurn(options.generators, Math.ceil(options.agents / Math.max(1, isRotating ? 1 : targets)) + targets);
  const placed = Array.from({ length: options.agents }, (_, index) => placeOf(index, { ...options, isRotating, names }));
  const home = new Map(
    placed.map(({ agent, target }) => [agent.index, queueOf(isRotating, { target, generator: agent.generator })]),
  );
  const queues = Map.groupBy(
    placed.map(({ agent }) => agent),
    ({ index }) => home.get(index) ?? '',
  );
  const lanes = lanesOf(placed, { isRotating, targets });
  const generators = Map.groupBy(lanes, ({ target }) => target);
  let next = 0;
  const isReady = ({ conversation }: Agent, { target }: Lane): boolean => {
    // Who goes round begins anew on each target: nothing is lost by not waiting.
    if (roams === undefined) return isRotating || !conversation.isWaiting();
    return !conversation.isWaiting() && (conversation.on(roams) ?? target) === target;
  };
  const goesOn = ({ conversation }: Agent, { target }: Lane): boolean => roams !== undefined && conversation.on(roams) === target;
  const hasReady = (lane: Lane): boolean => queues.get(queueOf(isRotating, lane))?.some((agent) => isReady(agent, lane)) ?? false;
  const inOrder = (order: readonly number[] | undefined): readonly Lane[] =>
    order === undefined
      ? [...lanes.slice(next), ...lanes.slice(0, next)]
      : order.flatMap((target) => lanes.filter((lane) => lane.target === target));

  return {
    agents: placed.map(({ agent }) => agent),
    lanes: (order) => {
      const inTurnNow = Map.groupBy(inOrder(order), hasReady);
      return [...(inTurnNow.get(true) ?? []), ...(inTurnNow.get(false) ?? [])];
    },
    generatorsOf: (target) => (generators.get(target) ?? []).map(({ generator }) => generator),
    take: (lane, may = () => true) => {
      const free = queues.get(queueOf(isRotating, lane)) ?? [];
      const at = firstOf([
        () => free.findIndex((agent) => goesOn(agent, lane) && may(agent)),
        () => free.findIndex((agent) => isReady(agent, lane) && may(agent)),
        () => free.findIndex((agent) => !(options.awaitsVerdicts && agent.conversation.isWaiting()) && may(agent)),
      ]);
      const [agent = null] = at < 0 ? [] : free.splice(at, 1);
      if (agent)
        next =
          (lanes.findIndex(({ target, generator }) => target === lane.target && generator === lane.generator) + 1) % lanes.length;
      return agent;
    },
    occupy: (agent) => {
      const free = queues.get(home.get(agent.index) ?? '') ?? [];
      const at = free.indexOf(agent);
      if (at >= 0) free.splice(at, 1);
      return at >= 0;
    },
    free: (agent) => void queues.get(home.get(agent.index) ?? '')?.push(agent),
  };
};

/** Of places to be looked for one after the other: the first that there is, or -1. */
const firstOf = (places: readonly (() => number)[]): number => {
  for (const place of places) {
    const at = place();
    if (at >= 0) return at;
  }
  return -1;
};

const queueOf = (isRotating: boolean, { target, generator }: Lane): string => (isRotating ? generator : `${target} ${generator}`);

interface Placing extends RosterOptions {
  readonly isRotating: boolean;
  readonly names: readonly string[];
}

/** Neighbours on one target get the next generator and the next island. */
const placeOf = (index: number, { targets, islands, turns, isRotating, names }: Placing): { agent: Agent; target: number } => {
  const target = index % targets;
  const order = isRotating ? index : Math.floor(index / targets);
  const generator = names[isRotating ? order : order + target] ?? '';
  return {
    target,
    agent: createAgent({ index, island: order % islands, generator, conversation: createConversation({ turnsMax: turns }) }),
  };
};

const createAgent = (who: Pick<Agent, 'index' | 'island' | 'generator' | 'conversation'>): Agent => {
  let remembered: readonly Remembered[] = [];
  return {
    ...who,
    writer: null,
    attempts: () => remembered.map(({ attempt }) => attempt),
    remember: (attempt) => {
      remembered = [...remembered, attempt].slice(-ATTEMPTS_MAX);
    },
    forget: (id) => {
      remembered = remembered.filter(({ candidateId }) => candidateId !== id);
      who.conversation.forget(id);
    },
  };
};

/** Names by share, spread evenly: at each place the one that is furthest behind its share. */
const inTurn = (generators: RosterOptions['generators'], length: number): readonly string[] => {
  const total = generators.reduce((sum, { share }) => sum + share, 0);
  const given = generators.map(() => 0);
  return Array.from({ length }, (_, place) => {
    const behind = generators.map(({ share }, index) => ((place + 1) * share) / total - (given[index] ?? 0));
    const chosen = behind.indexOf(Math.max(...behind));
    given[chosen] = (given[chosen] ?? 0) + 1;
    return generators[chosen]?.name ?? '';
  });
};

const lanesOf = (
  placed: readonly { readonly agent: Agent; readonly target: number }[],
  { isRotating, targets }: { readonly isRotating: boolean; readonly targets: number },
): readonly Lane[] => {
  const generators = [...new Set(placed.map(({ agent }) => agent.generator))];
  if (isRotating)
    return Array.from({ length: targets }, (_, target) => generators.map((generator) => ({ target, generator }))).flat();
  const lanes = placed.map(({ agent, target }) => ({ target, generator: agent.generator }));
  return [...new Map(lanes.map((lane) => [queueOf(false, lane), lane])).values()];
};
