/** What each generator earned with each move, counted from generations: confirmed improvements, and what they cost. Pure. */
import type { Generation, Move } from '../../../domain/campaign/campaign.ts';

/** Of what went out last: what a move earned while all was easy says little of now. */
const RECENT_MAX = 64;

/** One question that is through. */
export interface Outcome {
  readonly micros: number;
  readonly deviceMs: number;
  readonly isCandidate: boolean;
  /** Logarithm of the ratio to the front before; null where it did not go beyond it. */
  readonly gain: number | null;
}

export interface Earned {
  readonly generator: string;
  readonly move: Move;
  readonly asked: number;
  readonly judged: number;
  /** Improvements of the front that measurements vouch for. */
  readonly accepted: number;
  readonly micros: number;
  readonly deviceMs: number;
  /** Sum of logarithms. */
  readonly gain: number;
}

export interface Earnings {
  /** `sign`: -1 takes back what was counted of it. */
  count(generation: Generation, sign: 1 | -1): void;
  /** Those that cost most first. Starting points are nobody's. */
  read(): readonly Earned[];
  recent(generator: string, move: Move): readonly Outcome[];
}

interface Arm {
  earned: Earned;
  readonly recent: Map<number, Outcome>;
}

export const createEarnings = (): Earnings => {
  const arms = new Map<string, Arm>();
  return {
    count: (generation, sign) => {
      const { generator, number } = generation;
      const move = moveOf(generation);
      if (move === 'seed') return;
      const key = keyOf(generator, move);
      const arm = arms.get(key) ?? { earned: { generator, move, ...NOTHING }, recent: new Map() };
      arms.set(key, arm);
      const outcome = outcomeOf(generation);
      arm.earned = withOne(arm.earned, { generation, outcome, sign });
      arm.recent.delete(number);
      if (sign > 0 && outcome) remember(arm.recent, number, outcome);
    },
    read: () =>
      [...arms.values()]
        .map(({ earned }) => earned)
        .filter(({ asked }) => asked > 0)
        .toSorted((a, b) => b.micros - a.micros || b.asked - a.asked),
    recent: (generator, move) => [...(arms.get(keyOf(generator, move))?.recent.values() ?? [])],
  };
};

const keyOf = (generator: string, move: Move): string => `${move} ${generator}`;
const NOTHING = { asked: 0, judged: 0, accepted: 0, micros: 0, deviceMs: 0, gain: 0 };

/** What a diagnosis proposed is earned by diagnosing, whoever carries it out. */
export const moveOf = ({ move, proposal }: Pick<Generation, 'move' | 'proposal'>): Move => (proposal ? 'diagnose' : move);

/** Null while it is under way. */
const outcomeOf = ({ state, usage }: Generation): Outcome | null => {
  switch (state.status) {
    case 'judged':
      return {
        micros: usage.micros,
        deviceMs: state.deviceMs,
        isCandidate: true,
        gain: state.gain === undefined ? null : Math.log(state.gain),
      };
    case 'failed':
    case 'diagnosed':
      return { micros: usage.micros, deviceMs: 0, isCandidate: false, gain: null };
    case 'lost':
      return { micros: state.reservedMicros, deviceMs: 0, isCandidate: false, gain: null };
    case 'asked':
    case 'answered':
    case 'submitted':
      return null;
  }
};

interface Counting {
  readonly generation: Generation;
  readonly outcome: Outcome | null;
  readonly sign: 1 | -1;
}

const withOne = (earned: Earned, { generation, outcome, sign }: Counting): Earned => ({
  ...earned,
  asked: earned.asked + sign,
  judged: earned.judged + (generation.state.status === 'judged' ? sign : 0),
  accepted: earned.accepted + (outcome?.gain === null || outcome === null ? 0 : sign),
  micros: earned.micros + sign * (outcome?.micros ?? generation.usage.micros),
  deviceMs: earned.deviceMs + sign * (outcome?.deviceMs ?? 0),
  gain: earned.gain + sign * (outcome?.gain ?? 0),
});

const remember = (recent: Map<number, Outcome>, number: number, outcome: Outcome): void => {
  recent.set(number, outcome);
  if (recent.size > RECENT_MAX) recent.delete(Math.min(...recent.keys()));
};
