/**
 * Which target the next question is for, who is asked, and for what kind of move: Thompson sampling over what each earned of the campaign's budget. Many are asked before the first
 * verdict comes, and draws spread them where a bound would send all the same way (ADR 24). Pure: the same seed, number and earnings give the same draw.
 */
import type { Budget, Move } from '../../../domain/campaign/campaign.ts';
import { betaFrom } from '../../../platform/beta.ts';
import { pick, type Random, randomFrom } from '../../../platform/random.ts';
import type { EarningTarget, Earnings } from './earnings.ts';
import { MICROS_PER_USD, MS_PER_MINUTE } from './limits.ts';
import type { Counts, Outcome } from './tally.ts';

export interface Arm<M extends Move = Move> {
  readonly generator: string;
  readonly move: M;
  /** While nothing is known it is asked so much oftener than one of 1. */
  readonly share: number;
}

/** Before anything is known, an improvement in so many questions; and how many questions that weighs. */
const PRIOR_ODDS = 4;
/** Whatever was earned, one draw in so many is of any arm: what earns nothing now may later. */
const ANY_SHARE = 0.08;
/** Logarithm of what an improvement gains, before there was one; and how many that and the mean cost weigh. */
const PRIOR_GAIN = 0.05;
const PRIOR_WEIGHT = 2;

export interface Drawing {
  readonly earnings: Pick<Earnings, 'recent'>;
  readonly budget: Budget;
  readonly seed: number;
  readonly number: number;
}

/** Undefined of no arms. */
export const drawArm = <M extends Move>(
  arms: readonly Arm<M>[],
  { earnings, budget, seed, number }: Drawing,
): Arm<M> | undefined => {
  const random = randomFrom(seed, number, SALT);
  const known = arms.map((arm) => earnings.recent(arm.generator, arm.move));
  const overall = summed(known.flat(), budget);
  if (random() < ANY_SHARE) return pick(random, arms);
  const worths = known.map((outcomes, index) =>
    worthOf(summed(outcomes, budget), { overall, share: arms[index]?.share ?? 1, random }),
  );
  return arms[worths.indexOf(Math.max(...worths))];
};

const SALT = 0xba4d17;
const TARGET_SALT = 0x7a46e7;
/** Of an even share of what was spent: a target that had less comes first, whatever it earned. */
const LEAST_SHARE = 0.2;
/** Questions on a target before what it brings is compared. */
const TRIES_LEAST = 8;

export interface TargetDrawing extends Omit<Drawing, 'earnings'> {
  readonly earnings: Pick<Earnings, 'countsOn' | 'writtenOn'>;
}

/** All of them, in the order in which they are to be asked for: who had too little first, then by a draw of what the next share of the budget brings. */
export const drawTargets = <T extends EarningTarget>(
  targets: readonly T[],
  { earnings, budget, seed, number }: TargetDrawing,
): readonly T[] => {
  const random = randomFrom(seed, number, TARGET_SALT);
  const known = targets.map((target) => ({ target, counts: earnings.countsOn(target), recent: earnings.writtenOn(target) }));
  const overall = summed(
    known.flatMap(({ recent }) => recent),
    budget,
  );
  const spent = spentOn(
    known.map(({ counts }) => counts),
    budget,
  );
  const least = (LEAST_SHARE * sum(spent)) / Math.max(1, targets.length);
  const drawn = known.map(({ target, counts: { asked }, recent }, index) => ({
    target,
    asked,
    isStarved: asked < TRIES_LEAST || (spent[index] ?? 0) < least,
    worth: worthOf(summed(recent, budget), { overall, share: 1, random }),
  }));
  const starved = drawn.filter(({ isStarved }) => isStarved).toSorted((a, b) => a.asked - b.asked);
  const others = drawn.filter(({ isStarved }) => !isStarved).toSorted((a, b) => b.worth - a.worth);
  return [...starved, ...others].map(({ target }) => target);
};

/** What each used of the budget, and will have once what is under way is judged: that costs what its target's questions cost so far, or all. */
const spentOn = (all: readonly Counts[], budget: Budget): readonly number[] => {
  const used = all.map(({ micros, deviceMs, judged }) =>
    costOf({ micros, deviceMs, candidates: judged, questions: judged }, budget),
  );
  const mean = sum(used) / Math.max(1, sum(all.map(({ judged }) => judged)));
  return all.map(({ asked, judged }, index) => (judged === 0 ? asked * mean : ((used[index] ?? 0) * asked) / judged));
};

interface Sums {
  readonly count: number;
  readonly accepted: number;
  readonly gain: number;
  readonly cost: number;
}

const summed = (outcomes: readonly Outcome[], budget: Budget): Sums => {
  const gains = outcomes.flatMap(({ gain }) => (gain === null ? [] : [gain]));
  return {
    count: outcomes.length,
    accepted: gains.length,
    gain: sum(gains),
    cost: sum(
      outcomes.map(({ micros, deviceMs, isCandidate }) =>
        costOf({ micros, deviceMs, candidates: isCandidate ? 1 : 0, questions: 1 }, budget),
      ),
    ),
  };
};

interface Used extends Pick<Counts, 'micros' | 'deviceMs'> {
  readonly candidates: number;
  readonly questions: number;
}

/** Shares of the limits that were used: money where there is a limit in money, candidates where there is one of those; questions where time alone is limited. */
const costOf = ({ micros, deviceMs, candidates, questions }: Used, budget: Budget): number => {
  const shares = [
    budget.usd === undefined ? 0 : micros / (budget.usd * MICROS_PER_USD),
    budget.candidates === undefined ? 0 : candidates / budget.candidates,
    budget.gpuMinutes === undefined ? 0 : deviceMs / (budget.gpuMinutes * MS_PER_MINUTE),
  ];
  return sum(shares) || (isTimed(budget) ? questions : 0);
};

const isTimed = ({ usd, candidates, gpuMinutes }: Budget): boolean =>
  usd === undefined && candidates === undefined && gpuMinutes === undefined;

interface Weighing {
  readonly overall: Sums;
  readonly share: number;
  readonly random: Random;
}

const worthOf = (own: Sums, { overall, share, random }: Weighing): number => {
  const chance = betaFrom(random, share + own.accepted, PRIOR_ODDS + own.count - own.accepted);
  const meanGain = overall.accepted === 0 ? PRIOR_GAIN : (overall.gain + PRIOR_GAIN) / (overall.accepted + 1);
  const gain = (own.gain + PRIOR_WEIGHT * meanGain) / (own.accepted + PRIOR_WEIGHT);
  const meanCost = overall.count === 0 || overall.cost === 0 ? 1 : overall.cost / overall.count;
  const cost = (own.cost + PRIOR_WEIGHT * meanCost) / (own.count + PRIOR_WEIGHT);
  return (chance * gain) / Math.max(cost, Number.MIN_VALUE);
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
