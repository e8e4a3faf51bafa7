/** What each generator earned with each move, and what was earned on each target: confirmed improvements, and what they cost. Pure. */
import type { Generation, Move } from '../../../domain/campaign/campaign.ts';
import { type Counts, createTally, NOTHING, type Outcome } from './tally.ts';

/** Of what went out last: what a move earned while all was easy says little of now. */
const RECENT_MAX = 64;
/** Likewise of a target, on which less and less is left to be gained. */
const TARGET_RECENT_MAX = 48;

export interface EarningArm {
  readonly generator: string;
  readonly move: Move;
}

export interface EarningTarget {
  readonly problem: string;
  readonly device: string;
}

export interface Earnings {
  /** `sign`: -1 takes back what was counted of it. */
  count(generation: Generation, sign: 1 | -1): void;
  /** Those that cost most first. Starting points are nobody's. */
  read(): readonly (EarningArm & Counts)[];
  recent(generator: string, move: Move): readonly Outcome[];
  /** Of targets that somebody was asked for, starting points left out, those that cost most first. */
  targets(): readonly (EarningTarget & Counts)[];
  /** Of it, all questions. */
  countsOn(target: EarningTarget): Counts;
  /** What came last of those who wrote for it. Params that are tried beside are tried while a gain is expected of them, whatever else is asked for: they say nothing of what writing brings. */
  writtenOn(target: EarningTarget): readonly Outcome[];
}

export const createEarnings = (): Earnings => {
  const arms = createTally<EarningArm>({ keyOf: ({ generator, move }) => `${move} ${generator}`, recentMax: RECENT_MAX });
  const targets = createTally<EarningTarget>({
    keyOf: ({ problem, device }) => `${problem} ${device}`,
    recentMax: TARGET_RECENT_MAX,
    isRecent: (generation) => moveOf(generation) !== 'tune',
  });
  return {
    count: (generation, sign) => {
      const { generator, problem, device } = generation;
      const move = moveOf(generation);
      if (move === 'seed') return;
      arms.count({ generator, move }, generation, sign);
      targets.count({ problem, device }, generation, sign);
    },
    read: () => arms.read().toSorted(dearestFirst),
    recent: (generator, move) => arms.recent({ generator, move }),
    targets: () => targets.read().toSorted(dearestFirst),
    countsOn: ({ problem, device }) => targets.counts({ problem, device }) ?? NOTHING,
    writtenOn: ({ problem, device }) => targets.recent({ problem, device }),
  };
};

const dearestFirst = (a: Counts, b: Counts): number => b.micros - a.micros || b.asked - a.asked;

/** What a diagnosis proposed is earned by diagnosing, whoever carries it out. */
export const moveOf = ({ move, proposal }: Pick<Generation, 'move' | 'proposal'>): Move => (proposal ? 'diagnose' : move);
