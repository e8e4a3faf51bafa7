/** Agents with latencies, the real feeding controller, the real scheduler core and a simulated fleet, in virtual time. */
import { createFeeder, type Feeder } from '../../src/agents/feeding/feeder.ts';
import type { Load } from '../../src/agents/feeding/load.ts';
import type { HostId } from '../../src/domain/ids.ts';
import type { Effect } from '../../src/scheduler/effects.ts';
import type { SchedulerEvent } from '../../src/scheduler/events.ts';
import { createScheduler, handle, snapshot } from '../../src/scheduler/scheduler.ts';
import { type Draw, seeded } from '../scale/random.ts';
import { HostModel } from '../scale/runner-model.ts';
import { Timeline } from '../scale/timeline.ts';
import { DEVICES_PER_HOST, taskOf } from '../scale/workload.ts';
import { type FeedingReport, Samples } from './samples.ts';
import type { Incident, Scenario } from './scenarios.ts';

const SEED = 20_261;
const DEVICE = 'H100';
/** The controller is told of the queue this often, as a daemon that asks for counts would be. */
const LOOK_EVERY_MS = 250;
const SAMPLE_EVERY_MS = 100;
const TICK_EVERY_MS = 1_000;
const SLOWER = 10;
const NO_HOLDINGS = { queued: [], running: [], finished: [] };

/** `feeder` is the real one unless a test breaks it on purpose. */
export const simulateFeeding = (scenario: Scenario, feeder = feederOf(scenario)): FeedingReport => {
  const run = new FeedingSimulation(scenario, feeder);
  run.start();
  return run.finish();
};

const feederOf = ({ targetSeconds }: Scenario): Feeder => createFeeder({ device: DEVICE, targetSeconds });

class FeedingSimulation {
  readonly #scenario: Scenario;
  readonly #feeder: Feeder;
  readonly #timeline = new Timeline();
  readonly #core = createScheduler();
  readonly #draw: Draw = seeded(SEED);
  readonly #hosts: readonly HostModel[];
  readonly #lost = new Set<HostId>();
  readonly #samples: Samples;
  #serviceFactor = 1;
  #thinking = 0;
  #submitted = 0;
  #look: Omit<Load, 'thinking'> = { slots: 0, waiting: 0, running: 0 };

  constructor(scenario: Scenario, feeder: Feeder) {
    this.#scenario = scenario;
    this.#feeder = feeder;
    this.#samples = new Samples(scenario);
    const hosts = Math.ceil(scenario.gpus / DEVICES_PER_HOST);
    this.#hosts = Array.from({ length: hosts }, (_, n) => this.#host(n, hosts));
  }

  start(): void {
    for (const host of this.#hosts) this.#connect(host);
    for (const incident of this.#scenario.incidents) {
      this.#timeline.after(incident.atSeconds * 1000, () => this.#happen(incident));
    }
    this.#every(LOOK_EVERY_MS, () => this.#lookAndFeed());
    this.#every(SAMPLE_EVERY_MS, () => this.#sample());
    this.#every(TICK_EVERY_MS, () => this.#decide({ type: 'tick' }));
  }

  finish(): FeedingReport {
    this.#timeline.runUntil(this.#scenario.seconds * 1000);
    return this.#samples.report();
  }

  #host(n: number, hosts: number): HostModel {
    const { gpus, serviceMs, compileMs, refused } = this.#scenario;
    const draw = this.#draw;
    const work = {
      compileMs: () => draw(compileMs.low, compileMs.high),
      compiles: () => draw(0, 1) >= refused,
      serviceMs: () => draw(serviceMs.low, serviceMs.high) * this.#serviceFactor,
    };
    const deliver = (events: readonly SchedulerEvent[]): void => events.forEach((event) => this.#decide(event));
    const devices = Math.floor(((n + 1) * gpus) / hosts) - Math.floor((n * gpus) / hosts);
    return new HostModel(n, devices, { timeline: this.#timeline, draw, work, meter: { judged: () => undefined }, deliver });
  }

  #every(periodMs: number, run: () => void): void {
    run();
    this.#timeline.after(periodMs, () => this.#every(periodMs, run));
  }

  #happen({ change }: Incident): void {
    switch (change) {
      case 'lose half of the hosts':
        return this.#hosts.slice(0, Math.ceil(this.#hosts.length / 2)).forEach((host) => this.#lose(host));
      case 'hosts come back':
        return this.#hosts.filter(({ id }) => this.#lost.has(id)).forEach((host) => this.#connect(host));
      case 'ten times slower':
        this.#serviceFactor = SLOWER;
    }
  }

  #lose(host: HostModel): void {
    host.lose();
    this.#lost.add(host.id);
    this.#decide({ type: 'host-lost', hostId: host.id });
  }

  #connect(host: HostModel): void {
    this.#lost.delete(host.id);
    this.#decide({ type: 'host-up', host: host.facts(), attempts: NO_HOLDINGS });
  }

  #lookAndFeed(): void {
    const { slots, waiting, running } = this.#queue();
    this.#look = { slots, waiting, running };
    this.#feed();
  }

  #queue(): Omit<Load, 'thinking'> {
    return snapshot(this.#core).byDevice.find(({ device }) => device === DEVICE) ?? { slots: 0, waiting: 0, running: 0 };
  }

  #feed(): void {
    const { thinkers } = this.#feeder.allowed({ ...this.#look, thinking: this.#thinking });
    const most = Math.min(thinkers, this.#scenario.agents);
    while (this.#thinking < most) this.#think();
  }

  #think(): void {
    this.#thinking += 1;
    const { low, high } = this.#scenario.thinkingSeconds;
    const durationMs = this.#draw(low, high) * 1000;
    this.#timeline.after(durationMs, () => this.#answer(durationMs));
  }

  #answer(durationMs: number): void {
    this.#thinking -= 1;
    const isWasted = this.#draw(0, 1) < this.#scenario.wasted;
    this.#feeder.onThought(durationMs, isWasted ? 'nothing' : 'candidate');
    if (!isWasted) this.#submit();
    this.#feed();
  }

  /** What was submitted since the queue was looked at waits, as far as the controller is told. */
  #submit(): void {
    this.#look = { ...this.#look, waiting: this.#look.waiting + 1 };
    const task = { ...taskOf(this.#submitted, this.#timeline.nowMs), labels: [], submitter: 'campaign' };
    this.#submitted += 1;
    this.#decide({ type: 'task-added', task });
  }

  #decide(event: SchedulerEvent): void {
    const deviceMs = event.type === 'judged' ? event.serviceMs : 0;
    for (const effect of handle(this.#core, event, this.#timeline.nowMs)) this.#run(effect, deviceMs);
  }

  #run(effect: Effect, deviceMs: number): void {
    if (effect.type === 'finished') {
      this.#samples.verdict(this.#timeline.nowMs);
      this.#feeder.onJudged(deviceMs);
    } else if ('hostId' in effect && !this.#lost.has(effect.hostId)) {
      this.#hosts.find(({ id }) => id === effect.hostId)?.receive(effect);
    }
  }

  #sample(): void {
    const { slots, waiting } = this.#queue();
    const busy = this.#hosts.reduce((sum, host) => sum + host.busyDevices(), 0);
    const heldSeconds = (waiting * this.#workMs()) / 1000 / slots;
    this.#samples.add(this.#timeline.nowMs, { slots, busy, heldSeconds, thinking: this.#thinking });
  }

  /** Device time that a waiting candidate brings, at the mean: none where the compiler refuses it. */
  #workMs(): number {
    const { serviceMs, refused } = this.#scenario;
    return ((serviceMs.low + serviceMs.high) / 2) * this.#serviceFactor * (1 - refused);
  }
}
