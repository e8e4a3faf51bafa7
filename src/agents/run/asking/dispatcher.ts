/**
 * Decides who thinks next, over all campaigns: each device class gets as many thinkers as its queue needs, the campaigns take turns.
 * Looks again whenever something changed; what changes together is looked at once.
 */
import { allowedNow, budgetNow } from '../state/allowed-now.ts';
import type { Now } from '../state/allowed-now.ts';
import { isTuning } from '../state/exhaustion.ts';
import { outstandingOf } from '../state/account.ts';
import { drawTargets } from '../state/bandit.ts';
import { ANY_GENERATOR, type AskingRun, learnsTargets } from '../state/campaign-run.ts';
import { batchedOf, cancelBatches } from '../state/open-batch.ts';
import type { Agent, Lane } from '../state/roster.ts';
import { type Target, TUNER } from '../state/targets.ts';
import { think } from './think.ts';
import { goesOn, mayBegin } from './waits.ts';
import type { Assignment } from './assignment.ts';
import { askable, drawnAssignment } from './draw-assignment.ts';
import type { AskingDeps } from './asking-deps.ts';

export interface Dispatcher {
  /** Soon: what else changes in this turn is seen too. */
  wake(): void;
  /** Nobody is asked any more. */
  stop(): void;
  /** A thought that is not the dispatcher's own. */
  track(thought: Promise<void>): void;
  /** Resolves when everybody who thinks now is through. */
  idle(): Promise<void>;
}

export interface DispatcherDeps<R extends AskingRun> extends Omit<AskingDeps, 'wake'> {
  readonly runs: () => readonly R[];
  readonly thinkingMax: number;
  /** Nothing more can be asked, and nothing is on its way. */
  readonly onOver: (run: R, reason: string) => void;
}

export const createDispatcher = <R extends AskingRun>(deps: DispatcherDeps<R>): Dispatcher => {
  let scheduled: NodeJS.Immediate | null = null;
  let isStopped = false;
  let turn = 0;
  const thoughts = new Set<Promise<void>>();

  const wake = (): void => {
    if (scheduled || isStopped) return;
    scheduled = setImmediate(() => {
      scheduled = null;
      for (const run of deps.runs()) {
        cancelIfSpent(run);
        endIfOver(run);
      }
      for (const device of deps.classes.known()) fill(device);
    });
  };

  const fill = (device: string): void => {
    const { thinkers } = deps.classes.allowed(device);
    let room = Math.min(thinkers - deps.classes.thinking(device), deps.thinkingMax - deps.classes.thinkingAll());
    let refused = 0;
    for (const runs = deps.runs(); room > 0 && refused < runs.length; turn += 1) {
      const run = runs[turn % runs.length];
      const assignment = run && assignmentFor(run, deps, device);
      refused = assignment ? 0 : refused + 1;
      room -= assignment ? 1 : 0;
      if (assignment) begin(run, assignment);
    }
  };

  const begin = (run: AskingRun, assignment: Assignment): void => {
    run.thinking += 1;
    assignment.asking.breaker.onRequest();
    deps.classes.onAsked(assignment.target.device);
    track(think(run, { ...deps, wake }, assignment));
  };

  const track = (thought: Promise<void>): void => {
    const tracked = thought.finally(() => thoughts.delete(tracked));
    thoughts.add(tracked);
  };

  /** What is not answered by now would come after the end. */
  const cancelIfSpent = (run: R): void => {
    if (run.campaign.status !== 'running' || !run.isOpen || batchedOf(run.batches) === 0) return;
    if (budgetNow(run, deps).kind === 'over') cancelBatches(run.batches);
  };

  const endIfOver = (run: R): void => {
    if (run.campaign.status !== 'running' || !run.isOpen || run.thinking > 0 || outstandingOf(run.account) > 0) return;
    const allowed = allowedNow(run, deps);
    if (allowed.kind === 'over') deps.onOver(run, allowed.reason);
  };

  return {
    wake,
    track,
    stop: () => {
      isStopped = true;
      if (scheduled) clearImmediate(scheduled);
    },
    idle: async () => void (await Promise.all(thoughts)),
  };
};

/** An agent that may think for this device class now, taken from the roster; null where there is none. */
const assignmentFor = (
  run: AskingRun,
  deps: Pick<AskingDeps, 'generators' | 'monotonicMs'>,
  device: string,
): Assignment | null => {
  if (
    run.campaign.status !== 'running' ||
    !run.isOpen ||
    run.thinking >= run.campaign.spec.agents ||
    deps.monotonicMs() < run.coolDownUntilMs ||
    allowedNow(run, deps).kind !== 'go'
  )
    return null;
  for (const lane of run.roster.lanes(orderOf(run, device))) {
    const assignment = openAssignment(run, deps, { lane, device });
    if (assignment) return assignment;
  }
  return null;
};

/** Of the targets on this device class, by what is to be gained on them; undefined: in turn. */
const orderOf = ({ campaign: { spec }, account, targets, next }: AskingRun, device: string): readonly number[] | undefined => {
  const own = targets.filter((target) => target.device === device);
  if (own.length < 2 || !learnsTargets(spec)) return undefined;
  const { budget, seed } = spec;
  return drawTargets(own, { earnings: account.earnings, budget, seed, number: next }).map((target) => targets.indexOf(target));
};

const openAssignment = (
  run: AskingRun,
  now: Now,
  { lane, device }: { readonly lane: Lane; readonly device: string },
): Assignment | null => {
  const { generators } = now;
  const target = run.targets[lane.target];
  if (!target || target.device !== device || target.startsLeft > 0) return null;
  if (isTuning(target, generators)) return tuningAssignment(run, generators, { lane, target });
  if (lane.generator === ANY_GENERATOR) return drawnAssignment(run, now, { lane, target });
  const own = askable(run, now, { name: lane.generator, target });
  const may = (one: Agent): boolean => own !== null && (mayBegin(run, own.generator) || goesOn(run, one, target));
  const agent = own && run.roster.take(lane, may);
  return own && agent ? { agent, target, ...own, tunes: null, wish: null } : null;
};

/** Costs nothing but device time, and comes first: what is near the best may be the best with other numbers. */
const tuningAssignment = (
  run: AskingRun,
  { byName }: Now['generators'],
  { lane, target }: { readonly lane: Lane; readonly target: Target },
): Assignment | null => {
  const generator = byName.get(TUNER);
  const agent = generator && run.roster.take(lane);
  const tunes = agent ? (target.params?.take() ?? null) : null;
  if (agent && tunes === null) run.roster.free(agent);
  return generator && agent && tunes ? { agent, target, generator, asking: run.tuner, tunes, wish: null } : null;
};
