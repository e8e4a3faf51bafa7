/** The shell's part in tests: runs effects on simulated hosts and holds the scheduler to its promises, whatever happens. */
import { deepEqual, ok } from 'node:assert/strict';
import { type CandidateStatus, canMove } from '../../../src/domain/candidate.ts';
import {
  type AttemptId,
  attemptIdOf,
  type CandidateId,
  candidateIdOf,
  type DeviceId,
  type HostId,
} from '../../../src/domain/ids.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { attemptNumber } from '../../../src/domain/ids.ts';
import { check } from '../../../src/scheduler/check.ts';
import type { Effect } from '../../../src/scheduler/effects.ts';
import type { SchedulerEvent, Task } from '../../../src/scheduler/events.ts';
import { type Core, createScheduler, handle, nextWakeMs } from '../../../src/scheduler/scheduler.ts';
import type { SimulatedHost } from './simulated-fleet.ts';

/** Canaries come within a short life. */
const SOON = { canaryFirstMs: 0, canaryEveryMs: 100, canaryBackoffMs: 100, canaryBackoffMsMax: 400 };

type Judge = Extract<Effect, { type: 'judge' }>;

export class SimulatedShell {
  core: Core = createScheduler(SOON);
  readonly hosts: readonly SimulatedHost[];
  readonly tasks = new Map<CandidateId, Task>();
  readonly status = new Map<CandidateId, CandidateStatus>();
  readonly verdicts = new Map<CandidateId, string>();
  nowMs = 0;
  /** Whose verdicts are in doubt when a device fails its canary: final words by the devices of their attempts, since the last that passed. */
  readonly #since = new Map<DeviceId, Set<CandidateId>>();
  readonly #quarantined = new Set<DeviceId>();
  /** Why a verdict was taken back, each time. */
  readonly reopened: CandidateId[] = [];
  readonly #attempts = new Set<AttemptId>();
  readonly #deviceOf = new Map<AttemptId, DeviceId>();
  readonly #later: SchedulerEvent[] = [];
  /** The newest attempt of each candidate, as the store has it. */
  readonly #handed = new Map<CandidateId, Judge>();
  /** What its row says of a confirmation that it waits for. */
  readonly #toConfirm = new Map<CandidateId, { readonly confirmOn?: string }>();

  constructor(hosts: readonly SimulatedHost[]) {
    this.hosts = hosts;
  }

  add(task: Task): void {
    if (this.status.has(task.id)) return;
    this.tasks.set(task.id, task);
    this.status.set(task.id, 'queued');
    this.send({ type: 'task-added', task });
  }

  attach(host: SimulatedHost): void {
    this.send(host.attach());
  }

  detach(host: SimulatedHost): void {
    if (host.attached) this.send(host.detach());
  }

  /** Delivers the host's oldest frame, `times` times. */
  deliver(host: SimulatedHost, times = 1): void {
    const frame = host.attached ? host.frames.shift() : undefined;
    if (!frame) return;
    for (let sent = 0; sent < times; sent += 1) this.send(frame);
  }

  deliverSome(host: SimulatedHost, frames: number): void {
    for (let sent = 0; sent < frames; sent += 1) this.deliver(host);
  }

  send(event: SchedulerEvent): readonly Effect[] {
    const effects = handle(this.core, event, this.nowMs);
    if (event.type === 'judged' && event.result.status === 'judged') this.#expectTrusted(event, effects);
    for (const effect of effects) this.#run(effect);
    if (event.type === 'judged') this.host(event.hostId).spool.delete(event.attemptId);
    deepEqual(check(this.core), []);
    for (let next = this.#later.shift(); next; next = this.#later.shift()) this.send(next);
    return effects;
  }

  /** The daemon dies and a new one takes up what the store says; `screened` is what it still knows of screenings. */
  restartDaemon(screened: Outcome | null): void {
    for (const host of this.hosts) if (host.attached) host.detach();
    this.core = createScheduler(SOON);
    for (const host of this.hosts)
      for (const { id } of host.devices)
        if (this.#quarantined.has(id)) this.send({ type: 'quarantine-known', hostId: host.id, deviceId: id, failures: 1 });
    for (const [id, status] of this.status) {
      const task = this.tasks.get(id);
      const handed = this.#handed.get(id);
      if (!task || status === 'done') continue;
      const known = { ...task, attempts: handed ? attemptNumber(handed.attemptId) : 0 };
      const atJudge = status === 'judging' || status === 'confirming';
      if (!handed || !atJudge) this.status.set(id, 'queued');
      const screening = screened && { attemptId: attemptIdOf(id, 1), outcome: screened };
      this.send(
        handed && atJudge
          ? { ...handed, type: 'task-adopted', task: known, screened: screening }
          : { type: 'task-added', task: known, ...this.#toConfirm.get(id) },
      );
    }
  }

  /** Lets time pass to the next deadline, or by a second. */
  tick(): void {
    this.nowMs = Math.max(this.nowMs, nextWakeMs(this.core) ?? this.nowMs + 1_000);
    this.send({ type: 'tick' });
  }

  host(id: HostId): SimulatedHost {
    const found = this.hosts.find((host) => host.id === id);
    if (!found) throw new Error(`effect for the unknown host ${id}`);
    return found;
  }

  #run(effect: Effect): void {
    if ('id' in effect && this.verdicts.has(effect.id)) ok(effect.type === 'cancel-compile', `${effect.type} after the verdict`);
    if ('hostId' in effect) ok(this.host(effect.hostId).attached, `${effect.type} for a host that is away`);
    if (effect.type === 'judge') this.#expectAlone(effect);
    if (effect.type === 'quarantine') this.#doubt(effect.deviceId);
    if (effect.type === 'trust') this.#trust(effect.deviceId);
    if (effect.type === 'moved') this.#move(effect.id, effect.state.status, 'confirmOn' in effect.state ? effect.state : {});
    if (effect.type === 'requeued') this.#move(effect.id, 'queued', effect);
    if (effect.type === 'released') this.#takeUpAgain(effect.id);
    if (effect.type === 'finished') {
      this.#move(effect.id, 'done');
      this.verdicts.set(effect.id, effect.outcome.verdict);
    }
    if ('hostId' in effect) this.host(effect.hostId).receive(effect);
  }

  /** As if it were resumed at once. */
  #takeUpAgain(id: CandidateId): void {
    const task = this.tasks.get(id);
    const handed = this.#handed.get(id);
    ok(task && this.status.get(id) === 'queued', `${id} is released while it is ${this.status.get(id)}`);
    this.#later.push({ type: 'task-added', task: { ...task, attempts: handed ? attemptNumber(handed.attemptId) : 0 } });
  }

  /** What the store would do: the verdicts since the last passed canary are open again, and their candidates in the queue. */
  #doubt(deviceId: DeviceId): void {
    this.#quarantined.add(deviceId);
    const doubted = [...(this.#since.get(deviceId) ?? [])].filter((id) => this.verdicts.has(id));
    this.#since.delete(deviceId);
    for (const id of doubted) {
      const task = this.tasks.get(id);
      if (!task || this.verdicts.get(id) === 'cancelled') continue;
      this.verdicts.delete(id);
      this.reopened.push(id);
      this.status.set(id, 'queued');
      const handed = this.#handed.get(id);
      this.#later.push({ type: 'task-added', task: { ...task, attempts: handed ? attemptNumber(handed.attemptId) : 0 } });
    }
  }

  #trust(deviceId: DeviceId): void {
    this.#quarantined.delete(deviceId);
    this.#since.delete(deviceId);
  }

  /** No verdict depends on what a quarantined device said. */
  #expectTrusted(event: Extract<SchedulerEvent, { type: 'judged' }>, effects: readonly Effect[]): void {
    const id = candidateIdOf(event.attemptId);
    const deviceId = this.#deviceOf.get(event.attemptId);
    if (!deviceId) return;
    const ended = effects.find((effect) => effect.type === 'finished' && effect.id === id);
    if (ended?.type === 'finished' && ended.outcome.verdict !== 'cancelled')
      ok(!this.#quarantined.has(deviceId), `${event.attemptId} counts though ${deviceId} is quarantined`);
    this.#since.set(deviceId, (this.#since.get(deviceId) ?? new Set()).add(id));
  }

  #move(id: CandidateId, to: CandidateStatus, { confirmOn }: { readonly confirmOn?: string | undefined } = {}): void {
    const from = this.status.get(id);
    this.#toConfirm.set(id, confirmOn === undefined ? {} : { confirmOn });
    ok(from && canMove(from, to), `${id}: ${from} -> ${to}`);
    this.status.set(id, to);
  }

  #expectAllowed({ id, attemptId, hostId, deviceId }: Judge): void {
    const bookedFor = this.host(hostId).devices.find((device) => device.id === deviceId)?.bookedFor ?? null;
    ok(
      bookedFor === null || bookedFor === this.tasks.get(id)?.submitter,
      `${attemptId} goes to ${deviceId}, booked for ${bookedFor}`,
    );
  }

  /** A new attempt id, and no attached host still has the candidate. */
  #expectAlone(judge: Judge): void {
    const { id, attemptId } = judge;
    ok(!this.#attempts.has(attemptId), `${attemptId} was given out before`);
    this.#attempts.add(attemptId);
    this.#handed.set(judge.id, judge);
    this.#deviceOf.set(attemptId, judge.deviceId);
    ok(!this.#quarantined.has(judge.deviceId), `${attemptId} goes to ${judge.deviceId}, which is quarantined`);
    this.#expectAllowed(judge);
    for (const host of this.hosts) {
      if (!host.attached) continue;
      const held = host.devices.flatMap((device) => [...device.queue, ...(device.running ? [device.running] : [])]);
      const others = held.filter((other) => other.startsWith(`${id}.`));
      deepEqual(others, [], `${attemptId} is handed out while ${host.id} has another attempt`);
    }
  }
}
