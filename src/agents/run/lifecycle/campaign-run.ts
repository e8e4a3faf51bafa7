/**
 * One campaign that is not over: its agents, its targets, its account. The parts beside this file act on it.
 *
 * Modes follow the record's status. running: agents are asked as the limits and the fleet allow. paused: nobody is asked, what is on its way
 * arrives. finished, stopped: likewise, for good; the run is dropped once nothing is outstanding. closed: the daemon stops.
 * Invariant: every generation that is asked, answered or submitted is counted in `account`, and its row is durable before the next step.
 */
import type { Logger } from 'pino';
import type { CampaignRecord, Draft, Generation } from '../../../domain/campaign/campaign.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import type { ContextBuilder } from '../../context/build-context.ts';
import type { Judging } from '../../../domain/ports/kiln.ts';
import { createAccount } from './account.ts';
import type { Account } from './account.ts';
import type { GeneratorSet } from './check-spec.ts';
import type { DeviceClasses } from './device-classes.ts';
import { createGate } from '../asking/circuit-breaker.ts';
import type { Gate } from '../asking/circuit-breaker.ts';
import type { Patience } from '../asking/retry-while-unavailable.ts';
import type { Profiles } from '../outcomes/profiles.ts';
import { createRoster } from './roster.ts';
import type { Roster } from './roster.ts';
import type { Rows } from '../outcomes/generation-rows.ts';
import { openTargets } from '../asking/targets.ts';
import type { Target } from '../asking/targets.ts';
import type { Verdicts } from '../outcomes/verdicts.ts';

/** What all campaigns share. */
export interface RunDeps {
  readonly judging: Judging;
  readonly contexts: ContextBuilder;
  readonly generators: GeneratorSet;
  readonly rows: Rows;
  readonly verdicts: Verdicts;
  readonly classes: DeviceClasses;
  readonly profiles: Profiles;
  readonly log: Logger;
  /** Milliseconds since the epoch: what people read. The system's clock may be set back, so that nothing is measured by it. */
  readonly now: () => number;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicMs: () => number;
  /** From 0 to 1, for waits that should not fall together. */
  readonly random: () => number;
  /** Something changed: see who may think, and who is through. */
  readonly poke: () => void;
}

/** A candidate whose verdict is waited for. The source is null after a restart: it is read back. */
export interface Pending {
  /** One, but where a restart or a verdict that was taken back finds copies. */
  readonly generations: readonly Generation[];
  readonly source: string | null;
}

/** How asking goes with one generator. */
export interface Asking {
  readonly gate: Gate;
  /** What the last request reserved, millionths of a US dollar: the next one is likely to need as much. */
  reserveMicros: number;
}

export interface Run {
  record: CampaignRecord;
  readonly account: Account;
  readonly targets: readonly Target[];
  readonly roster: Roster;
  readonly asking: ReadonlyMap<string, Asking>;
  readonly pending: Map<CandidateId, Pending>;
  /** Candidates whose verdict is being read and written. */
  readonly settling: Map<CandidateId, Promise<unknown>>;
  /** Number of the next generation. */
  next: number;
  thinking: number;
  /** Those of them whose question is not in the account yet. */
  preparing: number;
  /** Since when it is running in this process, by the monotonic clock; null while it is not. */
  runningSinceMs: number | null;
  /** What it waits out, in words. */
  trouble: string | null;
  /** Its rows are in the account. */
  isCounted: boolean;
  /** Its rows are read back and its starting points are submitted: from here on agents are asked. */
  isOpen: boolean;
  /** Nobody is asked before: an unexpected failure must not spin. */
  heldUntilMs: number;
  /** Ends requests on their way: stopped by a person, or the daemon stops. */
  readonly asked: AbortController;
  /** The daemon stops: nothing more is written. */
  readonly closed: AbortController;
  /** Resolves when the last write of the record that was begun is over. */
  written: Promise<void>;
}

export const createRun = (record: CampaignRecord, deps: Pick<RunDeps, 'judging' | 'random'>): Run => {
  const { spec } = record;
  const targets = openTargets(spec, deps.judging);
  const asking = new Map(
    spec.generators.map(({ name }) => [name, { gate: createGate(name, deps.random), reserveMicros: 0 }] as const),
  );
  return {
    record,
    account: createAccount(),
    targets,
    roster: createRoster({ agents: spec.agents, targets: targets.length, islands: spec.islands, generators: spec.generators }),
    asking,
    pending: new Map(),
    settling: new Map(),
    next: 1,
    thinking: 0,
    preparing: 0,
    runningSinceMs: null,
    trouble: null,
    isCounted: false,
    isOpen: false,
    heldUntilMs: 0,
    asked: new AbortController(),
    closed: new AbortController(),
    written: Promise.resolve(),
  };
};

export const submitterOf = ({ record }: Run): string => `campaign:${record.id}`;

export const targetOf = ({ targets }: Run, { problem, device }: Pick<Generation, 'problem' | 'device'>): Target | undefined =>
  targets.find((target) => target.problem === problem && target.device === device);

export const ranMsOf = ({ record, runningSinceMs }: Run, nowMs: number): number =>
  record.ranMs + (runningSinceMs === null ? 0 : Math.max(0, nowMs - runningSinceMs));

/** Waits as long as the daemon runs, and says in the view what for. */
export const patienceOf = (run: Run): Patience => ({
  signal: run.closed.signal,
  onTrouble: (trouble) => {
    run.trouble = trouble;
  },
});

/** What a generator answered, before anything is made of it. */
export interface Answered {
  readonly generation: Generation;
  readonly draft: Draft;
}
