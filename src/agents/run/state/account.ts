/**
 * What a campaign has spent and got: counted from its generations, so that a restart counts the same again. Pure.
 *
 * Invariant: `spentMicros + reservedMicros` never exceeds a budget that every reserve was checked against, as long as no answer costs more
 * than what was reserved for it.
 */
import type { Generation, GenerationStatus, Usage } from '../../../domain/campaign/campaign.ts';
import { NO_USAGE } from '../../../domain/campaign/campaign.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import { createEarnings, type Earnings } from './earnings.ts';
import { createProposalCounts, type ProposalCounts } from './proposal-counts.ts';

/** The fastest candidate of one problem on one device class. */
export interface Best {
  readonly candidateId: CandidateId;
  readonly speedup: number;
  /** Whoever was timed to the end stands before it. */
  readonly stoppedEarly?: true;
  readonly generator: string;
  readonly idea: string;
}

export interface Account {
  /** Counts a generation that is new (`before` null), or that moved on. */
  move(before: Generation | null, after: Generation): void;
  /** A judged generation that is counted already is among the leaders, where it is fast enough. Adding one again changes nothing. */
  lead(generation: Generation): void;
  readonly usage: Usage;
  /** What answers cost, and the reserves of lost ones. */
  readonly spentMicros: number;
  /** The worst case of requests on their way. */
  readonly reservedMicros: number;
  /** Device time of candidates that this campaign was the first to submit, milliseconds. */
  readonly deviceMs: number;
  /** How many candidates that time is of. */
  readonly onDevice: number;
  readonly byStatus: Readonly<Record<GenerationStatus, number>>;
  /** Of diagnoses: ideas that were proposed, those that nobody is paid to write, and candidates of the others. */
  readonly proposals: Pick<ProposalCounts, 'read'>;
  /** By generator and move, and by target. */
  readonly earnings: Omit<Earnings, 'count'>;
  readonly byVerdict: ReadonlyMap<string, number>;
  readonly byFailure: ReadonlyMap<string, number>;
  best(target: TargetName): Best | null;
  /** The best few by what they were judged at: which of them is the best now is the ranking's to say. */
  leaders(target: TargetName): readonly Best[];
  /** Of the best starting point. */
  startSpeedup(target: TargetName): number | null;
}

export interface TargetName {
  readonly problem: string;
  readonly device: string;
}

/** Later pairs move keys by a few percent: whoever leads then was near the top before. */
const LEADERS_MAX = 32;

const keyOf = ({ problem, device }: TargetName): string => `${problem} ${device}`;

export const createAccount = (): Account => {
  const usage: { -readonly [Count in keyof Usage]: number } = { ...NO_USAGE };
  const byStatus = { asked: 0, answered: 0, submitted: 0, judged: 0, failed: 0, lost: 0, diagnosed: 0 };
  const byVerdict = new Map<string, number>();
  const byFailure = new Map<string, number>();
  const leaders = new Map<string, readonly Best[]>();
  /** Of the starting points, what each passed with. */
  const starts = new Map<string, Map<CandidateId, number>>();
  const sums = { lostMicros: 0, reservedMicros: 0, deviceMs: 0, onDevice: 0 };
  const proposals = createProposalCounts();
  const earnings = createEarnings();

  const count = (generation: Generation, sign: 1 | -1): void => {
    const { state } = generation;
    byStatus[state.status] += sign;
    addUsage(usage, generation.usage, sign);
    if (state.status === 'asked') sums.reservedMicros += sign * state.reservedMicros;
    if (state.status === 'lost') sums.lostMicros += sign * state.reservedMicros;
    if (state.status === 'failed') increase(byFailure, state.failure, sign);
    proposals.count(generation, sign);
    earnings.count(generation, sign);
    if (state.status !== 'judged') return;
    increase(byVerdict, state.verdict, sign);
    sums.deviceMs += sign * state.deviceMs;
    if (state.deviceMs > 0) sums.onDevice += sign;
  };

  const keepBest = (generation: Generation): void => {
    const { state, generator, idea } = generation;
    if (state.status !== 'judged' || state.speedup === null) return;
    const key = keyOf(generation);
    const { candidateId, speedup, stoppedEarly } = state;
    const own = { candidateId, speedup, generator, idea, ...(stoppedEarly ? { stoppedEarly } : {}) };
    leaders.set(key, withLeader(leaders.get(key) ?? [], own));
    if (generation.move === 'seed')
      starts.set(key, (starts.get(key) ?? new Map<CandidateId, number>()).set(candidateId, speedup));
  };

  /** Its verdict was taken back, and so were those of its copies. */
  const dropBest = (generation: Generation): void => {
    const { state } = generation;
    if (state.status !== 'judged') return;
    const key = keyOf(generation);
    leaders.set(
      key,
      (leaders.get(key) ?? []).filter(({ candidateId }) => candidateId !== state.candidateId),
    );
    starts.get(key)?.delete(state.candidateId);
  };

  return {
    move: (before, after) => {
      if (before) count(before, -1);
      if (before) dropBest(before);
      count(after, 1);
      keepBest(after);
    },
    lead: keepBest,
    proposals,
    earnings,
    usage,
    byStatus,
    byVerdict,
    byFailure,
    best: (target) => leaders.get(keyOf(target))?.[0] ?? null,
    leaders: (target) => leaders.get(keyOf(target)) ?? [],
    startSpeedup: (target) => {
      const speedups = [...(starts.get(keyOf(target))?.values() ?? [])];
      return speedups.length === 0 ? null : Math.max(...speedups);
    },
    get spentMicros() {
      return usage.micros + sums.lostMicros;
    },
    get reservedMicros() {
      return sums.reservedMicros;
    },
    get deviceMs() {
      return sums.deviceMs;
    },
    get onDevice() {
      return sums.onDevice;
    },
  };
};

const withLeader = (leaders: readonly Best[], own: Best): readonly Best[] => {
  const others = leaders.filter(({ candidateId }) => candidateId !== own.candidateId);
  const at = others.findIndex((one) => isBetter(own, one));
  return others.toSpliced(at < 0 ? others.length : at, 0, own).slice(0, LEADERS_MAX);
};

const isBetter = (one: Best, than: Best): boolean =>
  one.stoppedEarly === than.stoppedEarly ? one.speedup > than.speedup : than.stoppedEarly === true;

const addUsage = (sum: { -readonly [Count in keyof Usage]: number }, more: Usage, sign: 1 | -1): void => {
  sum.inputTokens += sign * more.inputTokens;
  sum.cacheWriteTokens += sign * more.cacheWriteTokens;
  sum.cacheReadTokens += sign * more.cacheReadTokens;
  sum.outputTokens += sign * more.outputTokens;
  sum.micros += sign * more.micros;
};

const increase = (counts: Map<string, number>, name: string, by: number): void => {
  counts.set(name, (counts.get(name) ?? 0) + by);
};

/** Candidates that were or will be submitted. */
export const candidatesOf = ({ byStatus }: Account): number => byStatus.answered + byStatus.submitted + byStatus.judged;

/** Answers and verdicts that are still to come. */
export const outstandingOf = ({ byStatus }: Account): number => byStatus.asked + byStatus.answered + byStatus.submitted;
