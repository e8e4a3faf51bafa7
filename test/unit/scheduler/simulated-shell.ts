/** The shell's part in tests: runs effects on simulated hosts and holds the scheduler to its promises, whatever happens. */
import { deepEqual, ok } from 'node:assert/strict';
import { type CandidateStatus, canMove } from '../../../src/domain/candidate.ts';
import type { AttemptId, CandidateId, HostId } from '../../../src/domain/ids.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { attemptNumber } from '../../../src/scheduler/attempts.ts';
import { check } from '../../../src/scheduler/check.ts';
import type { Effect } from '../../../src/scheduler/effects.ts';
import type { SchedulerEvent, Task } from '../../../src/scheduler/events.ts';
import { type Core, createScheduler, handle, nextWakeMs } from '../../../src/scheduler/scheduler.ts';
import type { SimulatedHost } from './simulated-fleet.ts';

type Judge = Extract<Effect, { type: 'judge' }>;

export class SimulatedShell {
  core: Core = createScheduler();
  readonly hosts: readonly SimulatedHost[];
  readonly tasks = new Map<CandidateId, Task>();
  readonly status = new Map<CandidateId, CandidateStatus>();
  readonly verdicts = new Map<CandidateId, string>();
  nowMs = 0;
  readonly #attempts = new Set<AttemptId>();
  /** The newest attempt of each candidate, as the store has it. */
  readonly #handed = new Map<CandidateId, Judge>();

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
    for (const effect of effects) this.#run(effect);
    if (event.type === 'judged') this.host(event.hostId).spool.delete(event.attemptId);
    deepEqual(check(this.core), []);
    return effects;
  }

  /** The daemon dies and a new one takes up what the store says; `screened` is what it still knows of screenings. */
  restartDaemon(screened: Outcome | null): void {
    for (const host of this.hosts) if (host.attached) host.detach();
    this.core = createScheduler();
    for (const [id, status] of this.status) {
      const task = this.tasks.get(id);
      const handed = this.#handed.get(id);
      if (!task || status === 'done') continue;
      const known = { ...task, attempts: handed ? attemptNumber(handed.attemptId) : 0 };
      const atJudge = status === 'judging' || status === 'confirming';
      if (!handed || !atJudge) this.status.set(id, 'queued');
      this.send(
        handed && atJudge ? { ...handed, type: 'task-adopted', task: known, screened } : { type: 'task-added', task: known },
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
    if (effect.type === 'moved') this.#move(effect.id, effect.state.status);
    if (effect.type === 'requeued') this.#move(effect.id, 'queued');
    if (effect.type === 'finished') {
      this.#move(effect.id, 'done');
      this.verdicts.set(effect.id, effect.outcome.verdict);
    }
    if ('hostId' in effect) this.host(effect.hostId).receive(effect);
  }

  #move(id: CandidateId, to: CandidateStatus): void {
    const from = this.status.get(id);
    ok(from && canMove(from, to), `${id}: ${from} -> ${to}`);
    this.status.set(id, to);
  }

  /** A new attempt id, and no attached host still has the candidate. */
  #expectAlone(judge: Judge): void {
    const { id, attemptId } = judge;
    ok(!this.#attempts.has(attemptId), `${attemptId} was given out before`);
    this.#attempts.add(attemptId);
    this.#handed.set(judge.id, judge);
    for (const host of this.hosts) {
      if (!host.attached) continue;
      const held = host.devices.flatMap((device) => [...device.queue, ...(device.running ? [device.running] : [])]);
      const others = held.filter((other) => other.startsWith(`${id}.`));
      deepEqual(others, [], `${attemptId} is handed out while ${host.id} has another attempt`);
    }
  }
}
