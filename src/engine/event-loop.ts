/**
 * The order of what happens: one event at a time goes through the scheduler, and what it decides is done before the next.
 *
 * Modes: created; running (after `start`: without news the scheduler hears of the time at its next deadline, at least every TICK_MS); stopped.
 * Events that are pushed while one is handled wait for their turn.
 */
import type { Logger } from 'pino';
import { KilnError } from '../domain/errors.ts';
import type { HostEvent } from '../domain/ports/host-session.ts';
import type { Effect } from '../scheduler/effects.ts';
import type { SchedulerEvent } from '../scheduler/events.ts';
import { handle, nextWakeMs } from '../scheduler/scheduler.ts';
import type { Core } from '../scheduler/scheduler.ts';

const TICK_MS = 1000;

export interface LoopParts {
  readonly execute: (effect: Effect) => void;
  readonly onTick: () => void;
  /** The scheduler was asked for a move that no candidate may make. The error goes to whoever pushed the event. */
  readonly onRefusedMove: () => void;
}

export interface EventLoop {
  /** Safe to call while an event is handled: then this one comes after it. */
  readonly push: (event: SchedulerEvent) => void;
  /** `execute` does what the scheduler decides; `onTick` is called when time has passed, after the scheduler has heard of it. */
  start(parts: LoopParts): void;
  /** Idempotent. Events still go through; time is not told any more. */
  stop(): void;
}

export const createEventLoop = (core: Core, monotonicMs: () => number): EventLoop => {
  const waiting: SchedulerEvent[] = [];
  let parts: LoopParts | null = null;
  let isHandling = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | null = null;

  const handleAll = (): void => {
    if (isHandling || !parts) return;
    isHandling = true;
    try {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        for (const effect of handle(core, next, monotonicMs())) parts.execute(effect);
      }
    } catch (error) {
      if (error instanceof KilnError && error.code === 'ILLEGAL_TRANSITION') parts.onRefusedMove();
      throw error;
    } finally {
      isHandling = false;
    }
  };
  const push = (event: SchedulerEvent): void => {
    waiting.push(event);
    handleAll();
    schedule();
  };
  const schedule = (): void => {
    if (timer || isStopped || !parts) return;
    const delayMs = Math.max(1, Math.min(TICK_MS, (nextWakeMs(core) ?? Infinity) - monotonicMs()));
    timer = setTimeout(() => {
      timer = null;
      push({ type: 'tick' });
      parts?.onTick();
    }, delayMs);
  };

  return {
    push,
    start: (given) => {
      parts = given;
      handleAll();
      schedule();
    },
    stop: () => {
      isStopped = true;
      if (timer) clearTimeout(timer);
      timer = null;
    },
  };
};

/** A host's events wait for one another, since the first of a connection reads the store. */
export const inOrder = (
  handleOne: (event: HostEvent) => Promise<void>,
  log: Pick<Logger, 'error'>,
): ((event: HostEvent) => void) => {
  let last: Promise<void> = Promise.resolve();
  return (event) => {
    last = last
      .then(async () => handleOne(event))
      .catch((error: unknown) => log.error({ err: error, hostId: event.hostId }, 'a host event could not be handled'));
  };
};
