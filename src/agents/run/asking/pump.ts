/**
 * Decides who thinks next, over all campaigns: each device class gets as many thinkers as its queue needs, the campaigns take turns.
 * Looks again whenever something changed; what changes together is looked at once.
 */
import { affords, allowedBy } from '../lifecycle/limits.ts';
import type { Allowed } from '../lifecycle/limits.ts';
import { outstandingOf } from '../lifecycle/account.ts';
import { ranMsOf } from '../lifecycle/campaign-run.ts';
import type { Run, RunDeps } from '../lifecycle/campaign-run.ts';
import type { Lane } from '../lifecycle/roster.ts';
import { think } from './think.ts';
import type { Seat } from './assignment.ts';
import { canAsk, endOf } from './exhaustion.ts';

export interface Pump {
  /** Soon: what else changes in this turn is seen too. */
  poke(): void;
  /** Nobody is asked any more. */
  stop(): void;
  /** Resolves when everybody who thinks now is through. */
  settled(): Promise<void>;
}

export interface PumpDeps extends Omit<RunDeps, 'poke'> {
  readonly runs: () => readonly Run[];
  readonly thinkingMax: number;
  /** Nothing more can be asked, and nothing is on its way. */
  readonly onOver: (run: Run, reason: string) => void;
}

export const createPump = (deps: PumpDeps): Pump => {
  let scheduled: NodeJS.Immediate | null = null;
  let isStopped = false;
  let turn = 0;
  const thoughts = new Set<Promise<void>>();

  const poke = (): void => {
    if (scheduled || isStopped) return;
    scheduled = setImmediate(() => {
      scheduled = null;
      for (const run of deps.runs()) endIfOver(run);
      for (const device of deps.classes.known()) fill(device);
    });
  };

  const fill = (device: string): void => {
    const { thinkers } = deps.classes.allowed(device);
    let room = Math.min(thinkers - deps.classes.thinking(device), deps.thinkingMax - deps.classes.thinkingAll());
    let refused = 0;
    for (const runs = deps.runs(); room > 0 && refused < runs.length; turn += 1) {
      const run = runs[turn % runs.length];
      const seat = run && seatFor(run, deps, device);
      refused = seat ? 0 : refused + 1;
      room -= seat ? 1 : 0;
      if (seat) begin(run, seat);
    }
  };

  const begin = (run: Run, seat: Seat): void => {
    run.thinking += 1;
    seat.asking.gate.enter();
    deps.classes.onAsked(seat.target.device);
    const thought = think(run, { ...deps, poke }, seat).finally(() => thoughts.delete(thought));
    thoughts.add(thought);
  };

  const endIfOver = (run: Run): void => {
    if (run.record.status !== 'running' || !run.isOpen || run.thinking > 0 || outstandingOf(run.account) > 0) return;
    const allowed = allowedNow(run, deps);
    if (allowed.kind === 'over') deps.onOver(run, allowed.reason);
  };

  return {
    poke,
    stop: () => {
      isStopped = true;
      if (scheduled) clearImmediate(scheduled);
    },
    settled: async () => void (await Promise.all(thoughts)),
  };
};

type Now = Pick<RunDeps, 'monotonicMs' | 'generators'>;

export const allowedNow = (run: Run, { monotonicMs, generators }: Now): Allowed => {
  const ends = run.targets.map((target) => endOf(run, target, generators));
  const [end] = ends;
  if (end && ends.every((reason) => reason !== null)) return { kind: 'over', reason: end };
  const usable = [...run.asking].filter(([name]) => generators.byName.get(name)?.unavailable === null);
  const reserveMicros = usable.length === 0 ? 0 : Math.min(...usable.map(([, asking]) => asking.reserveMicros));
  const { budget } = run.record.spec;
  return allowedBy({ budget, account: run.account, ranMs: ranMsOf(run, monotonicMs()), reserveMicros, preparing: run.preparing });
};

/** An agent that may think for this device class now, taken from the roster; null where there is none. */
const seatFor = (run: Run, deps: Pick<RunDeps, 'generators' | 'monotonicMs'>, device: string): Seat | null => {
  if (
    run.record.status !== 'running' ||
    !run.isOpen ||
    deps.monotonicMs() < run.heldUntilMs ||
    allowedNow(run, deps).kind !== 'go'
  )
    return null;
  for (const lane of run.roster.lanes()) {
    const seat = openSeat(run, deps, { lane, device });
    if (seat) return seat;
  }
  return null;
};

const openSeat = (
  run: Run,
  { generators, monotonicMs }: Now,
  { lane, device }: { readonly lane: Lane; readonly device: string },
): Seat | null => {
  const [target, asking] = [run.targets[lane.target], run.asking.get(lane.generator)];
  const generator = generators.byName.get(lane.generator);
  if (!target || !asking || generator?.unavailable !== null) return null;
  if (
    target.device !== device ||
    target.startsLeft > 0 ||
    !canAsk(target, generator) ||
    asking.gate.closed(monotonicMs()) !== null
  )
    return null;
  if (!affords({ budget: run.record.spec.budget, account: run.account }, asking.reserveMicros)) return null;
  const agent = run.roster.take(lane);
  return agent && { agent, target, generator, asking };
};
