/** Submitters whose candidates cost differently on devices in virtual time: who gets how much of the devices' time, and how soon. */
import { type AttemptId, type CandidateId, candidateIdOf, CandidateId as Id } from '../../src/domain/ids.ts';
import type { Effect } from '../../src/scheduler/effects.ts';
import type { SchedulerEvent } from '../../src/scheduler/events.ts';
import { createScheduler, handle } from '../../src/scheduler/scheduler.ts';
import type { Rules } from '../../src/scheduler/state.ts';
import { seeded } from '../scale/random.ts';
import { HostModel, type Meter } from '../scale/runner-model.ts';
import { Timeline } from '../scale/timeline.ts';

const SEED = 7;
const COMPILE_MS = { low: 20, high: 120 };
/** Candidates of each submitter that wait. */
const BACKLOG = 400;
const TICK_MS = 250;

export interface Party {
  readonly name: string;
  readonly weight: number;
  readonly runningMax?: number;
  /** Of one candidate. */
  readonly serviceMs: { readonly low: number; readonly high: number };
  /** When it comes; 0: at the start. */
  readonly fromMs: number;
}

export interface Setting {
  readonly hosts: number;
  readonly devicesPerHost: number;
  readonly parties: readonly Party[];
  readonly endMs: number;
}

export interface Stretch {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export class ShareSimulation implements Meter {
  readonly #setting: Setting;
  readonly #timeline = new Timeline();
  readonly #core = createScheduler({ canaryFirstMs: 1e9, canaryEveryMs: 1e9 });
  readonly #hosts = new Map<string, HostModel>();
  readonly #partyOf = new Map<CandidateId, Party>();
  readonly #draw = seeded(SEED);
  readonly stretches: Stretch[] = [];
  #submitted = 0;

  constructor(setting: Setting) {
    this.#setting = setting;
    const deliver = (events: readonly SchedulerEvent[]): void => events.forEach((event) => this.#decide(event));
    const work = {
      compileMs: () => this.#draw(COMPILE_MS.low, COMPILE_MS.high),
      compiles: () => true,
      serviceMs: (attemptId: AttemptId) => {
        const { low = 1, high = 1 } = this.#partyOf.get(candidateIdOf(attemptId))?.serviceMs ?? {};
        return this.#draw(low, high);
      },
    };
    for (let n = 0; n < setting.hosts; n += 1) {
      const ports = { timeline: this.#timeline, draw: this.#draw, work, meter: this, deliver };
      const host = new HostModel(n, setting.devicesPerHost, ports);
      this.#hosts.set(host.id, host);
    }
  }

  /** With each submitter's backlog kept full from the moment on at which it comes. */
  run(): this {
    const rules = new Map(
      this.#setting.parties.map(({ name, weight, runningMax = null }): [string, Rules] => [
        name,
        { weight, runningMax, deviceMsMax: null },
      ]),
    );
    this.#decide({ type: 'submitters-set', rules });
    for (const host of this.#hosts.values())
      this.#decide({ type: 'host-up', host: host.facts(), attempts: { queued: [], running: [], finished: [] } });
    for (const party of this.#setting.parties)
      this.#timeline.after(party.fromMs, () => {
        for (let n = 0; n < BACKLOG; n += 1) this.submit(party);
      });
    this.#tick();
    this.#timeline.runUntil(this.#setting.endMs);
    return this;
  }

  /** One more, at `atMs`. */
  submitAt(atMs: number, party: Party, priority: number): void {
    this.#timeline.after(atMs, () => this.submit(party, priority));
  }

  submit(party: Party, priority = 100): void {
    const id = Id.parse(`c-${this.#submitted.toString(16).padStart(32, '0')}`);
    this.#submitted += 1;
    this.#partyOf.set(id, party);
    this.#decide({
      type: 'task-added',
      task: {
        id,
        device: 'H100',
        labels: [],
        language: 'cuda',
        priority,
        submitter: party.name,
        queuedAtMs: this.#timeline.nowMs,
        attempts: 0,
        infraFailures: 0,
      },
    });
  }

  judged(fromMs: number, toMs: number, _gapMs: number, attemptId: AttemptId): void {
    this.stretches.push({ name: this.#partyOf.get(candidateIdOf(attemptId))?.name ?? '', fromMs, toMs });
  }

  /** Of the device time between two moments, each submitter's share. */
  sharesBetween(fromMs: number, toMs: number): ReadonlyMap<string, number> {
    const taken = new Map<string, number>();
    let all = 0;
    for (const stretch of this.stretches) {
      const ms = Math.max(0, Math.min(stretch.toMs, toMs) - Math.max(stretch.fromMs, fromMs));
      taken.set(stretch.name, (taken.get(stretch.name) ?? 0) + ms);
      all += ms;
    }
    return new Map([...taken].map(([name, ms]) => [name, ms / all]));
  }

  /** Share of the devices' time that was used between two moments. */
  busyBetween(fromMs: number, toMs: number): number {
    const { hosts, devicesPerHost } = this.#setting;
    const used = this.stretches.reduce(
      (sum, stretch) => sum + Math.max(0, Math.min(stretch.toMs, toMs) - Math.max(stretch.fromMs, fromMs)),
      0,
    );
    return used / (hosts * devicesPerHost * (toMs - fromMs));
  }

  firstStart(name: string): number | null {
    return this.stretches.find((stretch) => stretch.name === name)?.fromMs ?? null;
  }

  #tick(): void {
    this.#decide({ type: 'tick' });
    this.#timeline.after(TICK_MS, () => this.#tick());
  }

  #decide(event: SchedulerEvent): void {
    for (const effect of handle(this.#core, event, this.#timeline.nowMs)) this.#run(effect);
  }

  #run(effect: Effect): void {
    if (effect.type === 'finished') {
      const party = this.#partyOf.get(effect.id);
      if (party && party.fromMs >= 0) this.submit(party);
    } else if ('hostId' in effect) this.#hosts.get(effect.hostId)?.receive(effect);
  }
}
