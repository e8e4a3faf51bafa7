/**
 * A fleet in virtual time of which one host begins to compute wrongly: the real scheduler core decides, hosts and the store are models. What counts is how
 * many verdicts the faulty devices give until they are out, what of that is left in the end, and whether anybody else was taken out.
 */
import { type AttemptId, CandidateId, candidateIdOf, DeviceId, HostId } from '../../src/domain/ids.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { Effect } from '../../src/scheduler/effects.ts';
import type { SchedulerEvent } from '../../src/scheduler/events.ts';
import { createScheduler, handle } from '../../src/scheduler/scheduler.ts';
import { seeded } from '../scale/random.ts';
import { Timeline } from '../scale/timeline.ts';

const HOSTS = 4;
const DEVICES = 4;
const SERVICE_MS = { low: 20, high: 40 };
const CANARY_MS = 25;
const COMPILE_MS = 40;
const TICK_MS = 1_000;
const WAITING = 200;
/** Launches of a judgement, or of a canary, whose whole output is compared: check cases, and two checks of each of three timed shapes. */
const LAUNCHES = 11;
/** From the fault on. */
const LIMIT_MS = 300_000;
const ARTIFACT = 'a'.repeat(64);
const MODEL = 'NVIDIA H100';

/** `compiler`: everything that the host compiles is wrong. `bit`: one device flips a bit in this share of its launches. */
export type Fault = { readonly kind: 'compiler' } | { readonly kind: 'bit'; readonly share: number };

export interface Run {
  readonly fault: Fault;
  /** Of the candidates, that are wrong wherever they are judged. */
  readonly badShare: number;
  readonly seed: number;
  /** How long all is well before. */
  readonly healthyMs: number;
}

export interface Outing {
  /** Verdicts of all faulty devices, from the fault until the last of them is out; null: one was not found. */
  readonly verdicts: number | null;
  readonly seconds: number;
  /** Verdicts that are not those a right device gives, when all is over. */
  readonly wrongInTheEnd: number;
  /** Devices that were taken out though nothing is wrong with them. */
  readonly healthyOut: number;
  /** Share of all devices' time that canaries took before the fault. */
  readonly canaryShare: number;
}

const STATISTICS = { runs: 1, batch: 1, medianNs: 1, trimmedMeanNs: 1, minNs: 1, p95Ns: 1, ciLowNs: 1, ciHighNs: 1 };
const PASSED: Outcome = {
  verdict: 'passed',
  timings: [
    {
      case: 'n',
      candidate: STATISTICS,
      baseline: STATISTICS,
      method: 'paired',
      speedup: 1,
      speedupLow: 1,
      speedupHigh: 1,
    },
  ],
  checkedCases: 1,
};
const WRONG: Outcome = { verdict: 'modified_input', case: 'n', tensor: 'x' };

interface Device {
  readonly id: DeviceId;
  readonly host: HostId;
  readonly queue: (AttemptId | 'canary')[];
  busy: boolean;
  verdicts: number;
  outAtVerdict: number | null;
  outAtMs: number | null;
  /** Since its last canary that passed, by whom they are of. */
  readonly since: Set<CandidateId>;
}

export const simulateFault = (run: Run): Outing => new FaultyFleet(run).play();

class FaultyFleet {
  readonly #run: Run;
  readonly #draw;
  readonly #core = createScheduler();
  readonly #time = new Timeline();
  readonly #devices = new Map<DeviceId, Device>();
  readonly #isBad = new Map<CandidateId, boolean>();
  readonly #verdicts = new Map<CandidateId, Outcome['verdict']>();
  readonly #outcomes = new Map<AttemptId, { readonly device: Device; readonly outcome: Outcome }>();
  #submitted = 0;
  #open = 0;
  #isFaulty = false;
  #canaryMs = 0;

  constructor(run: Run) {
    this.#run = run;
    this.#draw = seeded(run.seed);
    for (let n = 0; n < HOSTS; n += 1) this.#addHost(n);
  }

  play(): Outing {
    this.#tick();
    this.#feed();
    const { healthyMs } = this.#run;
    this.#time.runUntil(healthyMs);
    const canaryShare = this.#canaryMs / (healthyMs * HOSTS * DEVICES);
    this.#isFaulty = true;
    for (const device of this.#devices.values()) device.verdicts = 0;
    const faulty = [...this.#devices.values()].filter((device) => this.#isWrong(device));
    while (this.#time.nowMs < healthyMs + LIMIT_MS && faulty.some(({ outAtMs }) => outAtMs === null))
      this.#time.runUntil(this.#time.nowMs + TICK_MS);
    const outAtMs = Math.max(...faulty.map((device) => device.outAtMs ?? Infinity));
    // What was taken back is judged again.
    this.#submitted = Infinity;
    this.#time.runUntil(this.#time.nowMs + 10 * TICK_MS);
    const wrong = [...this.#verdicts].filter(([id, verdict]) => (verdict === 'passed') === this.#isBad.get(id));
    return {
      verdicts: faulty.some((device) => device.outAtVerdict === null)
        ? null
        : faulty.reduce((sum, device) => sum + (device.outAtVerdict ?? 0), 0),
      seconds: (outAtMs - healthyMs) / 1000,
      wrongInTheEnd: wrong.length,
      healthyOut: [...this.#devices.values()].filter((device) => !faulty.includes(device) && device.outAtMs !== null).length,
      canaryShare,
    };
  }

  #addHost(n: number): void {
    const host = HostId.parse(`host-${n}`);
    const ids = Array.from({ length: DEVICES }, (_, at) => DeviceId.parse(`GPU-${n}-${at}`));
    for (const id of ids)
      this.#devices.set(id, {
        id,
        host,
        queue: [],
        busy: false,
        verdicts: 0,
        outAtVerdict: null,
        outAtMs: null,
        since: new Set(),
      });
    const devices = ids.map((deviceId) => ({ deviceId, class: 'H100', model: MODEL, available: true }));
    const facts = { hostId: host, runnerId: 'r', labels: [], languages: ['cuda' as const], compileSlots: 16, rttMs: 5, devices };
    this.#send({ type: 'host-up', host: facts, attempts: { queued: [], running: [], finished: [] } });
  }

  #send(event: SchedulerEvent): void {
    for (const effect of handle(this.#core, event, this.#time.nowMs)) this.#carryOut(effect);
  }

  #tick(): void {
    this.#send({ type: 'tick' });
    this.#time.after(TICK_MS, () => this.#tick());
  }

  #feed(): void {
    while (this.#open < WAITING && this.#submitted < Infinity) {
      this.#submitted += 1;
      const id = CandidateId.parse(`c-${this.#submitted.toString(16).padStart(32, '0')}`);
      this.#isBad.set(id, this.#draw(0, 1) < this.#run.badShare);
      this.#add(id, 0);
    }
  }

  #add(id: CandidateId, attempts: number): void {
    this.#open += 1;
    const task = {
      id,
      device: 'H100',
      labels: [],
      language: 'cuda' as const,
      priority: 100,
      submitter: 's',
      queuedAtMs: this.#time.nowMs,
      attempts,
      infraFailures: 0,
    };
    this.#send({ type: 'task-added', task });
  }

  #carryOut(effect: Effect): void {
    const later = (ms: number, event: SchedulerEvent): void => this.#time.after(ms, () => this.#send(event));
    switch (effect.type) {
      case 'compile': {
        const result = { status: 'compiled', artifact: ARTIFACT } as const;
        return later(COMPILE_MS, { type: 'compiled', id: effect.id, hostId: effect.hostId, result });
      }
      case 'judge':
        return this.#enqueue(effect.deviceId, effect.attemptId);
      case 'canary':
        return this.#time.after(COMPILE_MS, () => this.#enqueue(effect.deviceId, 'canary'));
      case 'retract':
        return this.#giveBack(effect.hostId, effect.attemptIds);
      case 'trust':
        this.#devices.get(effect.deviceId)?.since.clear();
        return;
      case 'quarantine':
        return this.#takeOut(effect.deviceId, effect.isNew);
      case 'finished':
        return this.#finish(effect.id, effect.outcome, effect.attemptId);
      case 'cancel-compile':
      case 'cancel':
      case 'ack-stale':
      case 'quarantine-held':
      case 'moved':
      case 'requeued':
      case 'released':
    }
  }

  #enqueue(deviceId: DeviceId, work: AttemptId | 'canary'): void {
    const device = this.#devices.get(deviceId);
    device?.queue.push(work);
    if (device) this.#serve(device);
  }

  #serve(device: Device): void {
    const work = device.busy ? undefined : device.queue.shift();
    if (work === undefined) return;
    device.busy = true;
    const { host: hostId, id: deviceId } = device;
    if (work !== 'canary') this.#send({ type: 'started', hostId, attemptId: work });
    const serviceMs = work === 'canary' ? CANARY_MS : this.#draw(SERVICE_MS.low, SERVICE_MS.high);
    this.#time.after(serviceMs, () => {
      device.busy = false;
      if (work === 'canary') {
        this.#canaryMs += serviceMs;
        const result = this.#spoils(device) ? 'failed' : 'passed';
        this.#send({ type: 'canary-ended', hostId, deviceId, result, serviceMs });
      } else {
        const isBad = this.#isBad.get(candidateIdOf(work)) ?? false;
        const outcome = isBad || this.#spoils(device) ? WRONG : PASSED;
        this.#outcomes.set(work, { device, outcome });
        const result = { status: 'judged', outcome } as const;
        this.#send({ type: 'judged', hostId, attemptId: work, result, serviceMs, confirm: null });
      }
      this.#serve(device);
    });
  }

  #isWrong({ id, host }: Device): boolean {
    return this.#run.fault.kind === 'compiler' ? host === 'host-0' : id === 'GPU-0-0';
  }

  /** Does something go wrong in one of its launches? */
  #spoils(device: Device): boolean {
    if (!this.#isFaulty || !this.#isWrong(device)) return false;
    const { fault } = this.#run;
    return fault.kind === 'compiler' || this.#draw(0, 1) < 1 - (1 - fault.share) ** LAUNCHES;
  }

  #giveBack(hostId: HostId, attemptIds: readonly AttemptId[]): void {
    const waiting = attemptIds.filter((attemptId) => {
      const device = [...this.#devices.values()].find(({ queue }) => queue.includes(attemptId));
      device?.queue.splice(device.queue.indexOf(attemptId), 1);
      return device !== undefined;
    });
    if (waiting.length > 0) this.#time.after(0, () => this.#send({ type: 'retracted', hostId, attemptIds: waiting }));
  }

  #finish(id: CandidateId, { verdict }: Outcome, attemptId: AttemptId | null): void {
    this.#open -= 1;
    this.#verdicts.set(id, verdict);
    const device = attemptId && this.#outcomes.get(attemptId)?.device;
    if (device) {
      device.verdicts += 1;
      device.since.add(id);
    }
    this.#feed();
  }

  /** As the store does: what it said since its last canary that passed is judged again. */
  #takeOut(deviceId: DeviceId, isNew: boolean): void {
    const device = this.#devices.get(deviceId);
    if (!device || !isNew) return;
    device.outAtMs ??= this.#time.nowMs;
    device.outAtVerdict ??= device.verdicts;
    for (const id of device.since) {
      this.#verdicts.delete(id);
      this.#time.after(1, () => this.#add(id, 1_000));
    }
    device.since.clear();
  }
}
