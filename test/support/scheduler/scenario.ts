/** One scenario: events in, effects out as short lines. Whatever is emitted must be expected, in order, before the scenario ends. */
import { deepEqual } from 'node:assert/strict';
import { HostId } from '../../../src/domain/ids.ts';
import type { AttemptId } from '../../../src/domain/ids.ts';
import { check } from '../../../src/scheduler/check.ts';
import type { Effect } from '../../../src/scheduler/effects.ts';
import type { HeldAttempts, HostFacts, JudgeReport, SchedulerEvent, Task } from '../../../src/scheduler/events.ts';
import type { SchedulerOptions } from '../../../src/scheduler/options.ts';
import { createScheduler, handle } from '../../../src/scheduler/scheduler.ts';
import { ARTIFACT, attemptId, BROKEN, candidateId, deviceId, hostId, MISSING, PASSED, task } from './simulated-fleet.ts';

const NOTHING: HeldAttempts = { queued: [], running: [], finished: [] };

/** `c-…0007` as `7`, with its attempt where there is one. */
const short = (id: string): string => id.replace(/^c-0*(?=[0-9a-f])/, '');

/** The attempt whose result a verdict is, where it is not the one that the event tells of. */
const by = (id: AttemptId | null, event: SchedulerEvent): string =>
  id === null || ('attemptId' in event && event.attemptId === id) ? '' : ` by ${short(id)}`;

const line = (effect: Effect, event: SchedulerEvent): string => {
  switch (effect.type) {
    case 'compile':
    case 'cancel-compile':
      return `${effect.type} ${short(effect.id)} ${effect.hostId}`;
    case 'judge':
      return `judge ${short(effect.attemptId)} ${effect.deviceId} ${effect.mode}`;
    case 'retract':
    case 'ack-stale':
      return `${effect.type} ${effect.attemptIds.map(short).join(',')} ${effect.hostId}`;
    case 'cancel':
      return `cancel ${short(effect.attemptId)} ${effect.hostId}`;
    case 'moved':
      return `${short(effect.id)} is ${effect.state.status}`;
    case 'requeued':
      return `${short(effect.id)} is queued again${effect.infra ? ' (infra)' : ''}`;
    case 'canary':
      return `canary for ${effect.deviceId}`;
    case 'trust':
      return `${effect.deviceId} is trusted${effect.returned ? ' and works again' : ''}`;
    case 'quarantine':
      return `${effect.deviceId} is quarantined (${effect.failures}, again in ${effect.retryMs / 1000} s)`;
    case 'quarantine-held':
      return `${effect.deviceId} would be quarantined, and works on`;
    case 'released':
      return `${short(effect.id)} is released`;
    case 'finished':
      return `${short(effect.id)} is ${effect.outcome.verdict}${by(effect.attemptId, event)}`;
  }
};

export class Scenario {
  readonly core;
  readonly last: Effect[] = [];
  nowMs = 0;
  /** Effects not expected yet. */
  unread: string[] = [];

  constructor(options: Partial<SchedulerOptions> = {}) {
    this.core = createScheduler(options);
  }

  send(event: SchedulerEvent): this {
    const effects = handle(this.core, event, this.nowMs);
    this.unread.push(...effects.map((effect) => line(effect, event)));
    this.last.splice(0, Number.POSITIVE_INFINITY, ...effects);
    deepEqual(check(this.core), []);
    return this;
  }

  /** All effects since the last call, and no other. */
  expect(...lines: readonly string[]): this {
    deepEqual(this.unread, lines);
    return this.skip();
  }

  /** Effects of the set-up that another scenario covers. */
  skip(): this {
    this.unread = [];
    return this;
  }

  add(n: number, changes: Partial<Task> = {}): this {
    return this.send({ type: 'task-added', task: task(n, changes) });
  }

  cancel(n: number): this {
    return this.send({ type: 'task-cancelled', id: candidateId(n) });
  }

  pause(n: number): this {
    return this.send({ type: 'task-paused', id: candidateId(n) });
  }

  unpause(n: number): this {
    return this.send({ type: 'task-unpaused', id: candidateId(n) });
  }

  reprioritise(n: number, priority: number): this {
    return this.send({ type: 'task-reprioritised', id: candidateId(n), priority });
  }

  up(n: number, changes: Partial<HostFacts> & { readonly count?: number } = {}, held: Partial<HeldAttempts> = {}): this {
    return this.send({ type: 'host-up', host: facts(n, changes), attempts: { ...NOTHING, ...held } });
  }

  changed(n: number, changes: Partial<HostFacts> & { readonly count?: number } = {}): this {
    return this.send({ type: 'host-changed', host: facts(n, changes) });
  }

  lost(n: number): this {
    return this.send({ type: 'host-lost', hostId: hostId(n) });
  }

  drain(n: number, draining = true): this {
    return this.send({ type: 'host-draining', hostId: hostId(n), draining });
  }

  removed(n: number): this {
    return this.send({ type: 'host-removed', hostId: hostId(n) });
  }

  compiled(n: number, host: number): this {
    return this.send({
      type: 'compiled',
      id: candidateId(n),
      hostId: hostId(host),
      result: { status: 'compiled', artifact: ARTIFACT },
    });
  }

  started(n: number, attempt: number, host = 0): this {
    return this.send({ type: 'started', hostId: hostId(host), attemptId: attemptId(n, attempt) });
  }

  retracted(host: number, ...attempts: readonly (readonly [number, number])[]): this {
    const attemptIds = attempts.map(([n, attempt]) => attemptId(n, attempt));
    return this.send({ type: 'retracted', hostId: hostId(host), attemptIds });
  }

  judged(n: number, attempt: number, how: Judgement = {}): this {
    const { host = 0, result = { status: 'judged', outcome: PASSED }, confirm = null, serviceMs = 100 } = how;
    const event = { hostId: hostId(host), attemptId: attemptId(n, attempt), result, serviceMs };
    return this.send({ type: 'judged', ...event, confirm: confirm === null ? null : { deviceModel: confirm } });
  }

  /** The host has not kept the artifact. */
  missing(n: number, attempt: number, host = 0): this {
    return this.judged(n, attempt, { host, result: { status: 'infra', failure: MISSING } });
  }

  broken(n: number, attempt: number, host = 0): this {
    return this.judged(n, attempt, { host, result: { status: 'infra', failure: BROKEN } });
  }

  canary(device: number, result: 'passed' | 'failed' | 'inconclusive', host = 0, serviceMs = 50): this {
    return this.send({ type: 'canary-ended', hostId: hostId(host), deviceId: deviceId(host, device), result, serviceMs });
  }

  tickAt(nowMs: number): this {
    this.nowMs = nowMs;
    return this.send({ type: 'tick' });
  }
}

interface Judgement {
  readonly host?: number;
  readonly result?: JudgeReport;
  readonly confirm?: string | null;
  readonly serviceMs?: number;
}

/** A host with `count` H100 (1), no labels, cuda only. */
export const facts = (
  n: number,
  { count = 1, ...changes }: Partial<HostFacts> & { readonly count?: number } = {},
): HostFacts => ({
  hostId: HostId.parse(`h${n}`),
  runnerId: 'r1',
  labels: [],
  languages: ['cuda'],
  compileSlots: 2,
  rttMs: 10,
  devices: Array.from({ length: count }, (_, at) => ({
    deviceId: deviceId(n, at),
    class: 'H100',
    model: 'NVIDIA H100',
    available: true,
  })),
  ...changes,
});
