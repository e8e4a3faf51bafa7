/**
 * What agents know of each device class: how much work it holds and how many may think for it. The queue is looked at now and then;
 * between two looks, what agents submit and what is done is added and taken off.
 */
import type { QueueView } from '../../../domain/api/queue.ts';
import type { DeviceClass } from '../../../domain/device.ts';
import { type Allowance, type Feeder, createFeeder } from '../../feeding/feeder.ts';
import type { Load } from '../../feeding/load.ts';
import { notAskedReason } from '../../feeding/reasons.ts';

export interface DeviceClasses {
  /** A campaign works for this class. */
  open(device: DeviceClass): void;
  /** What the engine says of its queue. `begun`: the mark of when it was asked. */
  look(view: Pick<QueueView, 'byDevice'>, begun: number): void;
  /** To be taken before the engine is asked: what agents submit meanwhile is not in its answer. */
  mark(): number;
  allowed(device: DeviceClass): Allowance;
  thinking(device: DeviceClass): number;
  /** Over all classes. */
  thinkingAll(): number;
  onAsked(device: DeviceClass): void;
  /** What was asked came to a candidate in the queue, or to nothing. `durationMs`: from the question to the answer; null without one. */
  onThought(device: DeviceClass, durationMs: number | null, gave: 'candidate' | 'nothing'): void;
  /** An answer that came to a candidate, or a starting point: it will be in the queue. */
  onArriving(device: DeviceClass): void;
  /** Somebody's candidate left the queue. */
  onDone(device: string): void;
  onJudged(device: DeviceClass, deviceMs: number): void;
  /** Devices that take work, when the engine was last asked. */
  slots(device: DeviceClass): number;
  known(): readonly DeviceClass[];
}

interface ClassState {
  readonly feeder: Feeder;
  /** Null until the engine was asked. */
  slots: number | null;
  /** Queued or running when the engine was last asked; running alone. */
  seen: number;
  running: number;
  /** Marks of what came after that. */
  arrived: number[];
  done: number;
  thinking: number;
}

export const createDeviceClasses = (targetSeconds: number): DeviceClasses => {
  const classes = new Map<DeviceClass, ClassState>();
  let clock = 0;

  const of = (device: DeviceClass): ClassState => {
    const known = classes.get(device);
    if (known) return known;
    const created = {
      feeder: createFeeder({ device, targetSeconds }),
      slots: null,
      seen: 0,
      running: 0,
      arrived: [],
      done: 0,
      thinking: 0,
    };
    classes.set(device, created);
    return created;
  };

  return {
    open: (device) => void of(device),
    mark: () => {
      clock += 1;
      return clock;
    },
    look: (view, begun) => {
      for (const [device, state] of classes) {
        const row = view.byDevice.find((entry) => entry.device === device);
        state.slots = row?.slots ?? 0;
        state.seen = (row?.waiting ?? 0) + (row?.running ?? 0);
        state.running = row?.running ?? 0;
        state.arrived = state.arrived.filter((mark) => mark >= begun);
        state.done = 0;
      }
    },
    allowed: (device) => {
      const { slots, ...state } = of(device);
      if (slots === null) return { thinkers: 0, heldSeconds: null, reason: notAskedReason(device) };
      return state.feeder.allowed(loadOf({ slots, ...state }));
    },
    thinking: (device) => of(device).thinking,
    thinkingAll: () => [...classes.values()].reduce((sum, { thinking }) => sum + thinking, 0),
    onAsked: (device) => {
      of(device).thinking += 1;
    },
    onThought: (device, durationMs, gave) => {
      of(device).thinking -= 1;
      if (durationMs !== null) of(device).feeder.onThought(durationMs, gave);
    },
    onArriving: (device) => void of(device).arrived.push(clock),
    onDone: (device) => {
      const state = classes.get(device);
      if (state) state.done += 1;
    },
    onJudged: (device, deviceMs) => of(device).feeder.onJudged(deviceMs),
    slots: (device) => of(device).slots ?? 0,
    known: () => [...classes.keys()],
  };
};

const loadOf = ({ slots, seen, arrived, done, thinking, ...last }: Omit<ClassState, 'slots'> & Pick<Load, 'slots'>): Load => {
  const held = Math.max(0, seen + arrived.length - done);
  const running = Math.min(last.running, held);
  return { slots, running, waiting: held - running, thinking };
};
