/** A host in virtual time: compile slots, devices that judge one candidate after another, and a connection with a round trip. */
import { type AttemptId, type CandidateId, DeviceId, HostId } from '../../src/domain/ids.ts';
import type { Effect } from '../../src/scheduler/effects.ts';
import type { HostFacts, SchedulerEvent } from '../../src/scheduler/events.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import { COMPILE_SLOTS, ARTIFACT, LABEL, RTT_MS } from './workload.ts';
import type { Draw } from './random.ts';
import type { Timeline } from './timeline.ts';

interface ModelDevice {
  readonly id: DeviceId;
  readonly queue: AttemptId[];
  busy: boolean;
  idleSinceMs: number;
}

export interface Meter {
  /** A device worked from `fromMs` to `toMs`, after it had idled for `gapMs`. */
  judged(fromMs: number, toMs: number, gapMs: number, attemptId: AttemptId): void;
}

/** What candidates cost, drawn anew for each. Milliseconds. */
export interface Work {
  compileMs(): number;
  /** False: the compiler refuses it. */
  compiles(): boolean;
  serviceMs(attemptId: AttemptId): number;
}

export interface HostPorts {
  readonly timeline: Timeline;
  readonly draw: Draw;
  readonly work: Work;
  readonly meter: Meter;
  /** Frames reach the scheduler half a round trip later. */
  deliver(events: readonly SchedulerEvent[]): void;
}

const COMPILE_ERROR: Outcome = { verdict: 'compile_error', log: '' };
/** The scheduler does not care how a judgement ended. */
const JUDGED: Outcome = COMPILE_ERROR;

/** `lose` takes the machine away with all it held; `facts` of a later `host-up` are those of a new runner. */
export class HostModel {
  readonly id: HostId;
  readonly rttMs: number;
  readonly #ports: HostPorts;
  readonly #labels: readonly string[];
  readonly #devices = new Map<DeviceId, ModelDevice>();
  readonly #compiles: CandidateId[] = [];
  #compiling = 0;
  /** How often it was lost: what belongs to an earlier life never ends. */
  #life = 0;

  constructor(n: number, devices: number, ports: HostPorts) {
    this.id = HostId.parse(`host-${n}`);
    this.rttMs = ports.draw(RTT_MS.low, RTT_MS.high);
    this.#ports = ports;
    this.#labels = n % 2 === 0 ? [LABEL] : [];
    for (let at = 0; at < devices; at += 1) {
      const id = DeviceId.parse(`GPU-${n}-${at}`);
      this.#devices.set(id, { id, queue: [], busy: false, idleSinceMs: 0 });
    }
  }

  facts(): HostFacts {
    const devices = [...this.#devices.keys()].map((deviceId) => ({
      deviceId,
      class: 'H100',
      model: 'NVIDIA H100',
      available: true,
    }));
    const fixed = {
      runnerId: `r-${this.#life}`,
      labels: this.#labels,
      languages: ['cuda', 'triton'] as const,
      compileSlots: COMPILE_SLOTS,
    };
    return { hostId: this.id, rttMs: this.rttMs, devices, ...fixed };
  }

  /** An effect reaches the host half a round trip after it was decided. */
  receive(effect: Effect): void {
    if (effect.type !== 'compile' && effect.type !== 'judge' && effect.type !== 'retract') return;
    this.#after(this.rttMs / 2, () => this.#take(effect));
  }

  lose(): void {
    this.#life += 1;
    this.#compiles.length = 0;
    this.#compiling = 0;
    for (const device of this.#devices.values()) {
      device.queue.length = 0;
      device.busy = false;
      device.idleSinceMs = this.#ports.timeline.nowMs;
    }
  }

  busyDevices(): number {
    return [...this.#devices.values()].filter(({ busy }) => busy).length;
  }

  #after(delayMs: number, run: () => void): void {
    const life = this.#life;
    this.#ports.timeline.after(delayMs, () => {
      if (life === this.#life) run();
    });
  }

  #take(effect: Extract<Effect, { type: 'compile' | 'judge' | 'retract' }>): void {
    switch (effect.type) {
      case 'compile':
        this.#compiles.push(effect.id);
        return this.#compileNext();
      case 'judge':
        this.#devices.get(effect.deviceId)?.queue.push(effect.attemptId);
        return this.#startOn(effect.deviceId);
      case 'retract':
        return this.#giveBack(effect.attemptIds);
    }
  }

  #compileNext(): void {
    const id = this.#compiling < COMPILE_SLOTS ? this.#compiles.shift() : undefined;
    if (!id) return;
    this.#compiling += 1;
    const { work } = this.#ports;
    this.#after(work.compileMs(), () => {
      this.#compiling -= 1;
      const result = work.compiles()
        ? ({ status: 'compiled', artifact: ARTIFACT } as const)
        : ({ status: 'failed', outcome: COMPILE_ERROR } as const);
      this.#send([{ type: 'compiled', id, hostId: this.id, result }]);
      this.#compileNext();
    });
  }

  #startOn(deviceId: DeviceId): void {
    const device = this.#devices.get(deviceId);
    const attemptId = device && !device.busy ? this.#start(device) : null;
    if (attemptId) this.#send([{ type: 'started', hostId: this.id, attemptId }]);
  }

  #start(device: ModelDevice): AttemptId | null {
    const attemptId = device.queue.shift();
    if (!attemptId) return null;
    const { timeline, work, meter } = this.#ports;
    const fromMs = timeline.nowMs;
    const serviceMs = work.serviceMs(attemptId);
    device.busy = true;
    meter.judged(fromMs, fromMs + serviceMs, fromMs - device.idleSinceMs, attemptId);
    this.#after(serviceMs, () => this.#end(device, attemptId, serviceMs));
    return attemptId;
  }

  /** One message says what ended and what started. */
  #end(device: ModelDevice, attemptId: AttemptId, serviceMs: number): void {
    device.busy = false;
    device.idleSinceMs = this.#ports.timeline.nowMs;
    const result = { status: 'judged', outcome: JUDGED } as const;
    const frames: SchedulerEvent[] = [{ type: 'judged', hostId: this.id, attemptId, result, serviceMs, confirm: null }];
    const next = this.#start(device);
    if (next) frames.push({ type: 'started', hostId: this.id, attemptId: next });
    this.#send(frames);
  }

  #giveBack(attemptIds: readonly AttemptId[]): void {
    const given: AttemptId[] = [];
    for (const { queue } of this.#devices.values()) {
      for (const attemptId of attemptIds) {
        const at = queue.indexOf(attemptId);
        if (at >= 0) given.push(...queue.splice(at, 1));
      }
    }
    this.#send([{ type: 'retracted', hostId: this.id, attemptIds: given }]);
  }

  #send(events: readonly SchedulerEvent[]): void {
    this.#after(this.rttMs / 2, () => this.#ports.deliver(events));
  }
}
