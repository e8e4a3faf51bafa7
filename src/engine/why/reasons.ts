/** From what is known of a candidate to what it waits for: the first of the causes that holds. Pure. */
import type { Why, WhyCode } from '../../domain/api/why.ts';
import { WHOLE } from '../../domain/text/describe.ts';
import { seconds } from '../../domain/text/units.ts';
import { plainLine } from '../../platform/printable-text.ts';
import type { TaskPlace, TaskView } from '../../scheduler/task-view.ts';
import { blockedBy } from './blocked.ts';
import { devicesFor, type JudgedDevice } from './devices.ts';
import { etaAfter, etaOfBackOff, etaOfCompiling } from './eta.ts';
import type { WhyView } from './view.ts';

export interface Cause {
  readonly code: WhyCode;
  readonly summary: string;
  readonly todo?: string | null;
  readonly position?: Why['position'];
  readonly eta?: Why['eta'];
}

export const whyOf = (view: WhyView): Why => {
  const devices = devicesFor(view);
  const { todo = null, position = null, eta = null, ...cause } = causeOf(view, devices);
  const isOver = view.candidate.status === 'done';
  return {
    id: view.id,
    status: view.candidate.status,
    ...cause,
    todo,
    position,
    devices: isOver ? [] : devices.map(({ hindrance: _hindrance, ...device }) => device),
    eta,
    notes: isOver ? [] : notesOf(view, cause.code),
  };
};

const causeOf = (view: WhyView, devices: readonly JudgedDevice[]): Cause => {
  const { candidate, task } = view;
  if (candidate.outcome) return doneCause(view, candidate.outcome);
  if (task?.isCancelled) return { code: 'cancelling', summary: 'it is cancelled; its device was told to stop' };
  if (candidate.paused && task?.place.kind !== 'judge') return pausedCause(candidate.paused);
  return task ? heldCause(view, task, devices) : outsideCause(view, devices);
};

const doneCause = ({ id }: WhyView, outcome: NonNullable<WhyView['candidate']['outcome']>): Cause => {
  if (outcome.verdict === 'cancelled')
    return { code: 'cancelled', summary: 'it was cancelled', todo: `submit it again, or kiln rejudge ${id} --reason "…"` };
  const message = outcome.verdict === 'infra_failed' ? `: ${outcome.message}` : '';
  return { code: 'done', summary: `it waits for nothing: its verdict is ${outcome.verdict}${message}` };
};

const pausedCause = ({ at, reason }: NonNullable<WhyView['candidate']['paused']>): Cause => ({
  code: 'paused',
  summary: `it is paused since ${at}${reason === null ? '' : `: ${reason}`}`,
  todo: 'kiln resume lets it be judged',
});

/** Stored, and not leased: behind the window of what the daemon holds, or kept out of it. */
const outsideCause = (view: WhyView, devices: readonly JudgedDevice[]): Cause => {
  const { queue, storeFailure, candidate } = view;
  if (storeFailure !== null)
    return { code: 'store_down', summary: `the store does not answer, so nothing more is leased: ${storeFailure}` };
  if (queue?.failure)
    return { code: 'queue_down', summary: `the queue does not answer, so nothing more is leased: ${queue.failure}` };
  if (view.problem !== 'same') return problemCause(view);
  const blocked = blockedBy(view, devices);
  if (blocked) return blocked;
  if (queue && !queue.hasJob)
    return { code: 'no_job', summary: 'it is stored and the queue has no job for it: it is queued again within a minute' };
  const before = queue?.before ?? 0;
  return {
    code: 'in_queue',
    summary: `it is in the queue behind what the daemon holds: ${before} of ${candidate.device} come before it by priority and age`,
    position: { ahead: before, ofOthers: 0, moreUrgent: 0, isExact: false },
    eta: etaAfter(view.pools, before),
  };
};

const problemCause = ({ problem, candidate }: WhyView): Cause => ({
  code: 'problem_changed',
  summary: `problem "${candidate.problem}" was ${problem} since it was submitted: it cannot be judged by the rules of its time`,
  todo: 'submit it again for the problem as it is now; this one ends infra_failed when its turn comes',
});

const heldCause = (view: WhyView, task: TaskView, devices: readonly JudgedDevice[]): Cause => {
  switch (task.place.kind) {
    case 'judge':
      return judgeCause(view, task, task.place);
    case 'ready':
      return readyCause(view, task, task.place.hostId);
    case 'compiling':
      return compileCause(view);
    case 'backoff':
      return backOffCause(view, task, task.place.untilMs ?? view.nowMs);
    case 'pending':
      return blockedBy(view, devices) ?? pendingCause(view, task);
  }
};

const judgeCause = (view: WhyView, task: TaskView, place: Extract<TaskPlace, { kind: 'judge' }>): Cause => {
  const where = `${place.deviceId} of ${place.hostId}`;
  if (place.hostAwayUntilMs !== null) {
    const rest = seconds(Math.max(0, place.hostAwayUntilMs - view.nowMs) / 1000);
    return { code: 'host_away', summary: `${where} has it, and is away: if it is not back in ${rest}, another device judges it` };
  }
  const pools = view.pools.filter(({ devices }) => devices.some(({ id }) => id === place.deviceId));
  if (!place.isRunning) {
    const eta = etaAfter(pools.map(ofOneDevice), task.ahead.all);
    return { code: 'waits_for_device', summary: `it waits at ${where}, ${behind(task)}`, position: positionOf(task), eta };
  }
  const eta = etaAfter(pools.map(ofOneDevice), 0);
  if (task.confirm)
    return {
      code: 'confirming',
      summary: `${where} judges it again, in pairs with the record holder, before it may take the record`,
      eta,
    };
  return { code: 'judging', summary: `${where} judges it now`, eta };
};

/** The queue of a device is its own. */
const ofOneDevice = (pool: WhyView['pools'][number]) => ({ ...pool, available: Math.min(1, pool.available) });

const readyCause = (view: WhyView, task: TaskView, hostId: string): Cause => {
  const own = view.pools.filter((pool) => pool.hostId === hostId);
  return {
    code: 'waits_for_device',
    summary: `it is compiled on ${hostId} and waits for a device there, ${behind(task)}`,
    position: positionOf(task),
    eta: etaAfter(own, task.ahead.all),
  };
};

const compileCause = (view: WhyView): Cause => {
  const { compile } = view;
  const eta = etaOfCompiling(view);
  if (!compile) return { code: 'compiling', summary: 'a host is asked to compile it', eta };
  const { host, forHost, before, slots } = compile;
  const purpose = host === forHost ? '' : ` for ${forHost}`;
  if (compile.isTransfer) return { code: 'transferring', summary: `it is compiled, and on its way to ${forHost}`, eta };
  if (before < slots)
    return { code: 'compiling', summary: `${host} compiles it${purpose}, since ${seconds(compile.sinceMs / 1000)}`, eta };
  const position = { ahead: before, ofOthers: 0, moreUrgent: 0, isExact: true };
  const summary = `it waits for a compile slot of ${host}${purpose}: ${before} were asked before it, ${slots} are compiled at once`;
  return { code: 'waits_for_compile_slot', summary, position, eta };
};

const backOffCause = (view: WhyView, { infraFailures }: TaskView, untilMs: number): Cause => {
  const waitMs = Math.max(0, untilMs - view.nowMs);
  const times = infraFailures === 1 ? 'once' : `${infraFailures} times`;
  return {
    code: 'back_off',
    summary: `it failed ${times} for no fault of its own, and only the same host can try again: in ${seconds(waitMs / 1000)}`,
    eta: etaOfBackOff(view.pools, waitMs),
  };
};

/** Some device could take it in its turn. */
const pendingCause = (view: WhyView, task: TaskView): Cause => {
  const pools = view.pools.filter(({ isMatch }) => isMatch);
  const found = { position: positionOf(task), eta: etaAfter(pools, task.ahead.all) };
  const { all, ofOthers, moreUrgent } = task.ahead;
  if (task.confirm)
    return { code: 'waits_to_confirm', summary: `it looks like a record and waits to be confirmed, ${behind(task)}`, ...found };
  if (moreUrgent > all / 2)
    return {
      code: 'more_urgent',
      summary: `every device is busy, and ${moreUrgent} of smaller priority numbers than ${view.candidate.priority} come first, ${behind(task)}`,
      todo: 'kiln reprioritise gives it another priority',
      ...found,
    };
  if (ofOthers > all / 2)
    return {
      code: 'fair_share',
      summary: `every device is busy, and ${ofOthers} of other submitters are due before this one of ${view.candidate.submitter}, ${behind(task)}`,
      ...found,
    };
  return { code: 'waits_for_device', summary: `every device that could take it is busy, ${behind(task)}`, ...found };
};

const behind = ({ ahead: { all } }: TaskView): string =>
  all === 0 ? 'as the next' : `behind ${all} ${all === 1 ? 'other' : 'others'}`;

const positionOf = ({ ahead: { all, ofOthers, moreUrgent } }: TaskView): NonNullable<Why['position']> => ({
  ahead: all,
  ofOthers,
  moreUrgent,
  isExact: true,
});

const notesOf = ({ storeFailure, candidate, task }: WhyView, code: WhyCode): string[] => [
  ...(storeFailure !== null && code !== 'store_down'
    ? [`the store takes no writes: verdicts wait for it (${storeFailure})`]
    : []),
  ...(candidate.byAnswers ? [`it is judged by its answers: ${plainLine(candidate.byAnswers.reason, WHOLE)}`] : []),
  ...(candidate.paused && code !== 'paused' ? ['it was paused: what its device has goes on, and nothing after it'] : []),
  ...(task && task.infraFailures > 0 && code !== 'back_off'
    ? [`${task.infraFailures} earlier ${task.infraFailures === 1 ? 'try' : 'tries'} failed for no fault of its own`]
    : []),
];
