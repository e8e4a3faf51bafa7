/** Runners and their connections as the protocol describes them, driven one step at a time. Frames of one host keep their order. */
import { type AttemptId, attemptIdOf, CandidateId, DeviceId, HostId } from '../../../src/domain/ids.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { Language } from '../../../src/domain/plan/plan.ts';
import type { Effect } from '../../../src/scheduler/effects.ts';
import type { CompileReport, HostFacts, JudgeReport, SchedulerEvent, Task } from '../../../src/scheduler/events.ts';

export const candidateId = (n: number): CandidateId => CandidateId.parse(`c-${n.toString(16).padStart(32, '0')}`);
export const attemptId = (n: number, attempt: number): AttemptId => attemptIdOf(candidateId(n), attempt);
export const hostId = (n: number): HostId => HostId.parse(`h${n}`);
export const deviceId = (host: number, n: number): DeviceId => DeviceId.parse(`GPU-${host}-${n}`);
export const ARTIFACT = 'a'.repeat(64);
const STATISTICS = { runs: 10, batch: 1, medianNs: 100, trimmedMeanNs: 100, minNs: 99, p95Ns: 102, ciLowNs: 99, ciHighNs: 101 };
const TIMING = {
  case: 'n',
  candidate: STATISTICS,
  baseline: STATISTICS,
  method: 'paired',
  speedup: 1,
  speedupLow: 1,
  speedupHigh: 1,
} as const;
export const PASSED: Outcome = { verdict: 'passed', timings: [TIMING], checkedCases: 1 };
export const WRONG: Outcome = { verdict: 'crashed', case: 'n', message: 'no' };
export const COMPILE_ERROR: Outcome = { verdict: 'compile_error', log: 'no' };
export const MISSING = { code: 'unknown_artifact', message: 'compile it again' } as const;
export const BROKEN = { code: 'worker_died', message: 'gone' } as const;

export const task = (n: number, changes: Partial<Task> = {}): Task => ({
  id: candidateId(n),
  device: 'H100',
  labels: [],
  language: 'cuda',
  priority: 100,
  submitter: 's',
  queuedAtMs: n,
  attempts: 0,
  infraFailures: 0,
  ...changes,
});

export interface HostShape {
  readonly devices: number;
  readonly class?: string;
  readonly model?: string;
  readonly labels?: readonly string[];
  readonly languages?: readonly Language[];
}

interface SimulatedDevice {
  readonly id: DeviceId;
  readonly class: string;
  readonly model: string;
  available: boolean;
  /** Whose candidates alone it takes, or null. */
  bookedFor: string | null;
  queue: AttemptId[];
  running: AttemptId | null;
  /** Asked for a canary that has not ended. */
  canary: boolean;
}

type Judged = Extract<SchedulerEvent, { type: 'judged' }>;
const ENDS: Readonly<Record<'passed' | 'record' | 'wrong' | 'otherwise' | 'infra' | 'missing', JudgeReport>> = {
  passed: { status: 'judged', outcome: PASSED },
  record: { status: 'judged', outcome: PASSED },
  wrong: { status: 'judged', outcome: WRONG },
  otherwise: { status: 'otherwise', byAnswers: { reason: 'its recording is wrong', recording: 'wrong_answer' } },
  infra: { status: 'infra', failure: BROKEN },
  missing: { status: 'infra', failure: MISSING },
};

const SERVICE_MS = 400;

export class SimulatedHost {
  readonly id: HostId;
  readonly devices: SimulatedDevice[];
  readonly labels: readonly string[];
  readonly languages: readonly Language[];
  attached = false;
  compiles: CandidateId[] = [];
  spool = new Map<AttemptId, Judged>();
  /** Frames on their way to the daemon; lost with the connection. */
  frames: SchedulerEvent[] = [];
  #life = 1;

  constructor(n: number, shape: HostShape) {
    this.id = hostId(n);
    this.labels = shape.labels ?? [];
    this.languages = shape.languages ?? ['cuda'];
    const device = {
      class: shape.class ?? 'H100',
      model: shape.model ?? 'NVIDIA H100',
      available: true,
      bookedFor: null,
      running: null,
      canary: false,
    };
    this.devices = Array.from({ length: shape.devices }, (_, at) => ({ ...device, id: deviceId(n, at), queue: [] }));
  }

  facts(): HostFacts {
    const devices = this.devices.map(({ id, class: name, model, available, bookedFor }) => ({
      deviceId: id,
      class: name,
      model,
      available,
      bookedFor,
    }));
    const { labels, languages } = this;
    return { hostId: this.id, runnerId: `r${this.#life}`, labels, languages, compileSlots: 2, rttMs: 10, devices };
  }

  attach(): SchedulerEvent {
    this.attached = true;
    for (const device of this.devices) device.canary = false;
    this.frames = [...this.spool.values()];
    const running = this.devices.flatMap((device) => device.running ?? []);
    const attempts = { queued: this.devices.flatMap((device) => device.queue), running, finished: [...this.spool.keys()] };
    return { type: 'host-up', host: this.facts(), attempts };
  }

  detach(): SchedulerEvent {
    this.attached = false;
    this.frames = [];
    for (const device of this.devices) device.canary = false;
    return { type: 'host-lost', hostId: this.id };
  }

  /** The runner died: it forgets all but the spool. */
  restart(): void {
    this.#life += 1;
    this.compiles = [];
    for (const device of this.devices) Object.assign(device, { queue: [], running: null });
  }

  receive(effect: Effect): void {
    switch (effect.type) {
      case 'compile':
        this.compiles.push(effect.id);
        return;
      case 'cancel-compile':
        this.compiles = this.compiles.filter((id) => id !== effect.id);
        return;
      case 'judge':
        this.devices.find(({ id }) => id === effect.deviceId)?.queue.push(effect.attemptId);
        this.startIdle();
        return;
      case 'retract':
        return this.#retract(effect.attemptIds);
      case 'cancel':
        return this.#cancel(effect.attemptId);
      case 'ack-stale':
        for (const id of effect.attemptIds) this.spool.delete(id);
        return;
      case 'canary':
        for (const device of this.devices) if (device.id === effect.deviceId) device.canary = true;
        return;
      case 'trust':
      case 'quarantine':
      case 'quarantine-held':
      case 'moved':
      case 'requeued':
      case 'released':
      case 'finished':
        return;
    }
  }

  startIdle(): void {
    for (const device of this.devices) {
      if (device.running) continue;
      device.running = device.queue.shift() ?? null;
      if (device.running) this.frames.push({ type: 'started', hostId: this.id, attemptId: device.running });
    }
  }

  endCompile(report: CompileReport): void {
    const id = this.compiles.shift();
    if (id) this.frames.push({ type: 'compiled', id, hostId: this.id, result: report });
  }

  endCanary(result: 'passed' | 'failed' | 'inconclusive'): void {
    const device = this.devices.find(({ canary }) => canary);
    if (!device) return;
    device.canary = false;
    this.frames.push({ type: 'canary-ended', hostId: this.id, deviceId: device.id, result, serviceMs: SERVICE_MS });
  }

  endJudge(at: number, how: keyof typeof ENDS): void {
    const device = this.devices[at % this.devices.length];
    if (!device?.running) return;
    this.#end(device, ENDS[how], how === 'record' ? { deviceModel: device.model } : null);
  }

  #end(device: SimulatedDevice, result: JudgeReport, confirm: Judged['confirm']): void {
    if (!device.running) return;
    this.#finish(device.running, result, confirm);
    device.running = null;
    this.startIdle();
  }

  #finish(id: AttemptId, result: JudgeReport, confirm: Judged['confirm']): void {
    const judged: Judged = { type: 'judged', hostId: this.id, attemptId: id, result, serviceMs: SERVICE_MS, confirm };
    this.spool.set(id, judged);
    this.frames.push(judged);
  }

  #retract(attemptIds: readonly AttemptId[]): void {
    const given = attemptIds.filter((id) => this.devices.some(({ queue }) => queue.includes(id)));
    for (const device of this.devices) device.queue = device.queue.filter((id) => !given.includes(id));
    this.frames.push({ type: 'retracted', hostId: this.id, attemptIds: given });
  }

  #cancel(id: AttemptId): void {
    const cancelled: JudgeReport = { status: 'judged', outcome: { verdict: 'cancelled' } };
    for (const device of this.devices) {
      if (device.running === id) return this.#end(device, cancelled, null);
      if (!device.queue.includes(id)) continue;
      device.queue = device.queue.filter((queued) => queued !== id);
      return this.#finish(id, cancelled, null);
    }
  }
}
