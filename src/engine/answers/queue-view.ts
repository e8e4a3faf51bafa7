/** GET /v1/queue: counts from the store (everything that is not done), what it does and why it waits from the scheduler. */
import type { QueueView } from '../../domain/api/queue.ts';
import type { BacklogRow } from '../../domain/ports/store-rows.ts';
import { snapshot, whyClassIsBlocked } from '../../scheduler/scheduler.ts';
import type { Snapshot } from '../../scheduler/snapshot.ts';
import { stillConnecting } from '../../domain/text/still-connecting.ts';
import { connectingHosts, fleetClassesOf } from '../host-state.ts';
import type { AnswersSlice } from '../state.ts';

/** What the view is made from. */
interface Viewed extends Pick<AnswersSlice, 'core' | 'hosts' | 'now' | 'monotonicMs'> {
  readonly store: Pick<AnswersSlice['store'], 'backlog' | 'paused'>;
  readonly verdictRate: Pick<AnswersSlice['verdictRate'], 'perSecond'>;
}

export const queueView = async (state: Viewed): Promise<QueueView> => {
  const [backlog, paused] = await Promise.all([state.store.backlog(), state.store.paused()]);
  const held = snapshot(state.core);
  const left = sum(backlog.rows);
  const { compiling, ready, judging, confirming } = held.stages;
  // What is not held here is queued, and so is what ended and is not written down yet.
  const queued = Math.max(0, left - compiling - ready - judging - confirming);
  const oldestMs = queued + compiling + ready > 0 ? backlog.oldestSubmittedAtMs : null;
  const classes = byDevice(state, held, { backlog: backlog.rows, paused });
  return {
    stages: { queued, compiling, ready, judging, confirming },
    byDevice: classes,
    bySubmitter: bySubmitter(held, backlog.rows),
    oldestSeconds: oldestMs === null ? null : Math.max(0, (state.now() - oldestMs) / 1000),
    throughputPerSecond: state.verdictRate.perSecond(state.monotonicMs()),
    etaSeconds: etaOf(classes),
  };
};

/** All is done when the slowest class is: one estimate, of which the classes are told their parts. */
const etaOf = (classes: QueueView['byDevice']): number | null => {
  const open = classes.filter(({ waiting, running }) => waiting + running > 0);
  if (open.some(({ blocked, etaSeconds }) => blocked !== null || etaSeconds === null)) return null;
  return Math.max(0, ...open.map(({ etaSeconds }) => etaSeconds ?? 0));
};

const sum = (rows: readonly BacklogRow[]): number => rows.reduce((total, { count }) => total + count, 0);

const byDevice = (
  { core, hosts }: Pick<Viewed, 'core' | 'hosts'>,
  { byDevice: classes, blocked }: Snapshot,
  { backlog, paused }: Record<'backlog' | 'paused', readonly BacklogRow[]>,
): QueueView['byDevice'] => {
  const names = new Set([...backlog, ...paused, ...classes].map(({ device }) => device));
  const ofFleet = fleetClassesOf(hosts);
  const connecting = connectingHosts(hosts);
  return [...names].toSorted().map((device) => {
    const known = classes.find((item) => item.device === device);
    const reasons = blocked.filter((item) => item.device === device).map(({ reason }) => reason);
    const running = known?.running ?? 0;
    // All of them may still be in the queue.
    const unserved = known && known.waiting + running > 0 ? null : whyClassIsBlocked(core, device);
    const blockedBy = known?.blocked ?? reasons[0] ?? unserved;
    const mayCome = connecting.length > 0 && !ofFleet.includes(device);
    const waiting = Math.max(0, sum(backlog.filter((row) => row.device === device)) - running);
    return {
      device,
      waiting,
      running,
      paused: sum(paused.filter((row) => row.device === device)),
      slots: known?.slots ?? 0,
      blocked: waiting === 0 ? null : mayCome ? stillConnecting(device, connecting) : blockedBy,
      etaSeconds: classEta(known, waiting + running),
    };
  });
};

/** Also of those that are not leased yet, at the time that those which are will take. */
const classEta = (held: Snapshot['byDevice'][number] | undefined, count: number): number | null => {
  if (count === 0) return 0;
  const heldCount = (held?.waiting ?? 0) + (held?.running ?? 0);
  if (!held || held.etaMs === null || heldCount === 0) return null;
  return ((held.etaMs / heldCount) * count) / 1000;
};

const bySubmitter = ({ bySubmitter: held }: Snapshot, backlog: readonly BacklogRow[]): QueueView['bySubmitter'] => {
  const runningOf = new Map(held.map(({ submitter, running }) => [submitter, running]));
  return [...Map.groupBy(backlog, ({ submitter }) => submitter)]
    .map(([submitter, rows]) => {
      const running = Math.min(runningOf.get(submitter) ?? 0, sum(rows));
      return { submitter, waiting: sum(rows) - running, running };
    })
    .toSorted((a, b) => b.waiting + b.running - (a.waiting + a.running) || a.submitter.localeCompare(b.submitter));
};
