import type { Effect } from '../../src/scheduler/effects.ts';
import type { SchedulerEvent } from '../../src/scheduler/events.ts';
import { createScheduler, handle, wanted } from '../../src/scheduler/scheduler.ts';
import { HostModel, type Meter, type Work } from './runner-model.ts';
import { seeded } from './random.ts';
import { type Cost, quantile, Stopwatch } from './stopwatch.ts';
import { Timeline } from './timeline.ts';
import { COMPILE_MS, DEVICES_PER_HOST, SERVICE_MS, taskOf } from './workload.ts';

const SEED = 20_260;
/** As fast as a queue can be asked for a window of jobs. */
const LEASE_EVERY_MS = 50;

export interface Setting {
  readonly gpus: number;
  /** Candidates that wait, kept at this number: each verdict is followed by a submission. `window`: leased as the core asks for them. */
  readonly queued: number | 'window';
  readonly warmupMs: number;
  readonly measuredMs: number;
}

export interface Report {
  readonly hosts: number;
  readonly verdicts: number;
  /** Share of device time spent judging, after the warm-up. */
  readonly busy: number;
  readonly gapMs: { readonly p50: number; readonly p99: number };
  readonly decisions: Cost;
  /** Adding one candidate while the queue was filled. */
  readonly additions: Cost;
}

export const simulate = (setting: Setting): Report => {
  const run = new Simulation(setting);
  run.fill();
  run.connect();
  run.lease();
  run.go();
  return run.report();
};

class Simulation implements Meter {
  readonly #setting: Setting;
  readonly #timeline = new Timeline();
  readonly #core = createScheduler();
  readonly #hosts = new Map<string, HostModel>();
  readonly #stopwatch = new Stopwatch();
  readonly #gapsMs: number[] = [];
  #busyMs = 0;
  #verdicts = 0;
  #submitted = 0;
  #additions: Cost | null = null;

  constructor(setting: Setting) {
    this.#setting = setting;
    const draw = seeded(SEED);
    const work: Work = {
      compileMs: () => draw(COMPILE_MS.low, COMPILE_MS.high),
      compiles: () => true,
      serviceMs: () => draw(SERVICE_MS.low, SERVICE_MS.high),
    };
    const hosts = Math.ceil(setting.gpus / DEVICES_PER_HOST);
    for (let n = 0; n < hosts; n += 1) {
      const devices = Math.floor(((n + 1) * setting.gpus) / hosts) - Math.floor((n * setting.gpus) / hosts);
      const deliver = (events: readonly SchedulerEvent[]): void => events.forEach((event) => this.#decide(event));
      const host = new HostModel(n, devices, { timeline: this.#timeline, draw, work, meter: this, deliver });
      this.#hosts.set(host.id, host);
    }
  }

  /** Before any host is there, so that the queue is as deep as it gets. */
  fill(): void {
    const { queued } = this.#setting;
    const most = queued === 'window' ? 0 : queued;
    for (let added = 0; added < most; added += 1) this.#submit();
    this.#additions = this.#stopwatch.read();
  }

  connect(): void {
    for (const host of this.#hosts.values()) {
      this.#decide({ type: 'host-up', host: host.facts(), attempts: { queued: [], running: [], finished: [] } });
    }
  }

  /** Takes from a queue that never runs dry what the core wants, every few milliseconds. */
  lease(): void {
    if (this.#setting.queued !== 'window') return;
    for (let missing = wanted(this.#core); missing > 0; missing -= 1) this.#submit();
    this.#timeline.after(LEASE_EVERY_MS, () => this.lease());
  }

  go(): void {
    const { warmupMs, measuredMs } = this.#setting;
    this.#timeline.runUntil(warmupMs);
    this.#stopwatch.reset();
    this.#gapsMs.length = 0;
    this.#verdicts = 0;
    this.#timeline.runUntil(warmupMs + measuredMs);
  }

  judged(fromMs: number, toMs: number, gapMs: number): void {
    const { warmupMs, measuredMs } = this.#setting;
    this.#busyMs += Math.max(0, Math.min(toMs, warmupMs + measuredMs) - Math.max(fromMs, warmupMs));
    this.#gapsMs.push(gapMs);
  }

  report(): Report {
    const gaps = Float64Array.from(this.#gapsMs).toSorted();
    const decisions = this.#stopwatch.read();
    return {
      hosts: this.#hosts.size,
      verdicts: this.#verdicts,
      busy: this.#busyMs / (this.#setting.gpus * this.#setting.measuredMs),
      gapMs: { p50: quantile(gaps, 0.5), p99: quantile(gaps, 0.99) },
      decisions,
      additions: this.#additions ?? decisions,
    };
  }

  #submit(): void {
    const task = taskOf(this.#submitted, this.#timeline.nowMs);
    this.#submitted += 1;
    this.#decide({ type: 'task-added', task });
  }

  #decide(event: SchedulerEvent): void {
    const effects = this.#stopwatch.time(() => handle(this.#core, event, this.#timeline.nowMs));
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: Effect): void {
    if (effect.type === 'finished') {
      this.#verdicts += 1;
      if (this.#setting.queued !== 'window') this.#submit();
    } else if ('hostId' in effect) this.#hosts.get(effect.hostId)?.receive(effect);
  }
}
