/**
 * One campaign that is not over: its agents, its targets, its account. Each room acts on a part of it.
 *
 * Modes follow the campaign's status. running: agents are asked as the limits and the fleet allow. paused: nobody is asked, what is on its way
 * arrives. finished, stopped: likewise, for good; the run is dropped once nothing is outstanding. closed: the daemon stops.
 * Invariant: every generation that is asked, answered or submitted is counted in `account`, and its row is durable before the next step.
 */
import { campaignSubmitter } from '../../../domain/campaign/campaign.ts';
import type { Campaign, CampaignSpec, Draft, Generation } from '../../../domain/campaign/campaign.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import type { Judging } from '../../../domain/ports/kiln.ts';
import { createAccount } from './account.ts';
import type { Account } from './account.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { OpenBatch } from './open-batch.ts';
import type { RetryOptions } from './retry-while-unavailable.ts';
import { createRoster } from './roster.ts';
import type { Roster } from './roster.ts';
import { bestSpeedups, openTargets, TUNER } from './targets.ts';
import type { Target } from './targets.ts';

/** A candidate whose verdict is waited for. The source is null after a restart: it is read back. */
export interface Pending {
  /** One, but where a restart or a verdict that was taken back finds copies. */
  readonly generations: readonly Generation[];
  readonly source: string | null;
}

/** How asking goes with one generator. */
export interface Asking {
  readonly breaker: CircuitBreaker;
  /** What the last request reserved, millionths of a US dollar: the next one is likely to need as much. */
  reserveMicros: number;
}

/** What it is and what it has found. */
export interface Findings {
  readonly campaign: Campaign;
  readonly account: Account;
  readonly targets: readonly Target[];
  readonly roster: Roster;
}

/** What it waits for. */
export interface Waiting {
  readonly pending: Map<CandidateId, Pending>;
  /** Candidates whose verdict is being read and written. */
  readonly keeping: Map<CandidateId, Promise<unknown>>;
}

/** Trouble that passes, and the end of waiting for it. */
export interface Retrying {
  /** What it waits out, in words. */
  trouble: string | null;
  /** The daemon stops: nothing more is written. */
  readonly closed: AbortController;
}

/** How far its agents are. */
export interface Thinking {
  readonly asking: ReadonlyMap<string, Asking>;
  /** Of who tries params beside them. */
  readonly tuner: Asking;
  /** Of who is asked for diagnoses: its own where it writes too. */
  readonly breakerOf: (generator: string) => CircuitBreaker;
  /** Number of the next generation. */
  next: number;
  thinking: number;
  /** Agents that think whose question is not in the account yet. */
  preparing: number;
  /** Generations that are starting points: they come first. */
  starts: number;
  /** Questions that are in the account and about to join a batch. */
  joining: number;
  /** Questions that wait. Their agents do not think. */
  readonly batches: Set<OpenBatch>;
  /** Nobody is asked before: an unexpected failure must not spin. */
  coolDownUntilMs: number;
  /** Ends requests on their way: stopped by a person, or the daemon stops. */
  readonly asked: AbortController;
  /** The daemon stops: batches are left to the next start. Comes before `asked` aborts. */
  readonly leaving: AbortController;
}

/** Where it is between its first row and its last. */
export interface Life {
  /** Since when it is running in this process, by the monotonic clock; null while it is not. */
  runningSinceMs: number | null;
  /** Its rows are in the account. */
  isCounted: boolean;
  /** Its rows are read back and its starting points are submitted: from here on agents are asked. */
  isOpen: boolean;
  /** Resolves when the last write of the campaign that was begun is over. */
  written: Promise<void>;
}

/** What verdicts act on. */
export type AwaitingRun = Findings & Waiting & Retrying;

/** What questions and answers act on. */
export type AskingRun = AwaitingRun & Thinking & Readonly<Pick<Life, 'isOpen' | 'runningSinceMs'>>;

export interface Run extends Findings, Waiting, Retrying, Thinking, Life {
  campaign: Campaign;
}

export const createRun = (
  campaign: Campaign,
  deps: { readonly judging: Pick<Judging, 'problem'>; readonly random: () => number },
): Run => {
  const { spec } = campaign;
  const targets = openTargets(spec, deps.judging);
  const asking = new Map(
    spec.generators.map(({ name }) => [name, { breaker: createCircuitBreaker(name, deps.random), reserveMicros: 0 }] as const),
  );
  const diagnosers = new Map<string, CircuitBreaker>();
  return {
    breakerOf: (name) => {
      const known = asking.get(name)?.breaker ?? diagnosers.get(name) ?? createCircuitBreaker(name, deps.random);
      diagnosers.set(name, known);
      return known;
    },
    campaign,
    account: createAccount(),
    targets,
    roster: rosterOf(spec, targets),
    asking,
    tuner: { breaker: createCircuitBreaker(TUNER, deps.random), reserveMicros: 0 },
    pending: new Map(),
    keeping: new Map(),
    next: 1,
    thinking: 0,
    preparing: 0,
    starts: 0,
    joining: 0,
    batches: new Set(),
    runningSinceMs: null,
    trouble: null,
    isCounted: false,
    isOpen: false,
    coolDownUntilMs: 0,
    asked: new AbortController(),
    leaving: new AbortController(),
    closed: new AbortController(),
    written: Promise.resolve(),
  };
};

/** Agents of a campaign that learns its mix may be asked with any of its generators. */
export const ANY_GENERATOR = '';

/** Whether what is asked next goes to the target where improvement is cheapest. */
export const learnsTargets = ({ mix, targets }: Pick<CampaignSpec, 'mix' | 'targets'>): boolean =>
  mix === 'learned' && targets === 'learned';

const rosterOf = (spec: CampaignSpec, of: readonly Target[]): Roster => {
  const { islands, turns, generators, batches } = spec;
  const targets = of.length;
  // While questions of as many wait, as many others go on.
  const agents = batches ? 2 * spec.agents : spec.agents;
  const names = generators.map(({ name }) => name);
  if (spec.mix !== 'learned') return createRoster({ agents, targets, islands, turns, generators, awaitsVerdicts: batches });
  const anyOf = [{ name: ANY_GENERATOR, share: 1 }];
  const roaming = learnsTargets(spec) && targets > 1 ? { roams: bestSpeedups(of) } : {};
  const roster = createRoster({ agents, targets, islands, turns, generators: anyOf, awaitsVerdicts: batches, ...roaming });
  return { ...roster, generatorsOf: () => names };
};

export const submitterOf = ({ campaign }: Pick<Findings, 'campaign'>): string => campaignSubmitter(campaign.id);

export const targetIndexOf = (
  { targets }: Pick<Findings, 'targets'>,
  { problem, device }: Pick<Generation, 'problem' | 'device'>,
): number => targets.findIndex((target) => target.problem === problem && target.device === device);

export const targetOf = (
  { targets }: Pick<Findings, 'targets'>,
  { problem, device }: Pick<Generation, 'problem' | 'device'>,
): Target | undefined => targets.find((target) => target.problem === problem && target.device === device);

export const ranMsOf = (
  { campaign, runningSinceMs }: Pick<Findings, 'campaign'> & Pick<Life, 'runningSinceMs'>,
  nowMs: number,
): number => campaign.ranMs + (runningSinceMs === null ? 0 : Math.max(0, nowMs - runningSinceMs));

/** Waits as long as the daemon runs, and says in the view what for. */
export const retryOf = (run: Retrying): RetryOptions => ({
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
