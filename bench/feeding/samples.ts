/** Looks at a simulated fleet, taken at equal distances of virtual time, and what they come to. */
import type { Scenario } from './scenarios.ts';

export interface Look {
  /** Devices that take work. */
  readonly slots: number;
  readonly busy: number;
  /** Device time that waits, shared by the devices that take work, by the true means. */
  readonly heldSeconds: number;
  readonly thinking: number;
}

export interface FeedingReport {
  /** Verdicts a second after the warm-up. */
  readonly perSecond: number;
  /** Share of the devices that take work which were at it, over all the looks after the warm-up. */
  readonly busy: number;
  /** The same of the worst ten seconds. */
  readonly busyWorst: number;
  /** Work that waits / target. `most` counts from the start, the others after the warm-up. */
  readonly held: { readonly least: number; readonly mean: number; readonly most: number };
  readonly thinking: { readonly mean: number; readonly most: number };
}

const WORST_SPAN_MS = 10_000;

export class Samples {
  readonly #scenario: Scenario;
  readonly #looks: (Look & { readonly atMs: number })[] = [];
  #verdicts = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  add(atMs: number, look: Look): void {
    this.#looks.push({ ...look, atMs });
  }

  verdict(atMs: number): void {
    if (atMs >= this.#warmMs) this.#verdicts += 1;
  }

  report(): FeedingReport {
    const { seconds, warmupSeconds, targetSeconds } = this.#scenario;
    const warm = this.#looks.filter(({ atMs }) => atMs >= this.#warmMs);
    const held = warm.map(({ heldSeconds }) => heldSeconds / targetSeconds);
    const spans = Map.groupBy(warm, ({ atMs }) => Math.floor(atMs / WORST_SPAN_MS));
    return {
      perSecond: this.#verdicts / (seconds - warmupSeconds),
      busy: busyShare(warm),
      busyWorst: Math.min(...[...spans.values()].map(busyShare)),
      held: {
        least: Math.min(...held),
        mean: mean(held),
        most: Math.max(...this.#looks.map(({ heldSeconds }) => heldSeconds / targetSeconds)),
      },
      thinking: {
        mean: mean(warm.map(({ thinking }) => thinking)),
        most: Math.max(...this.#looks.map(({ thinking }) => thinking)),
      },
    };
  }

  get #warmMs(): number {
    return this.#scenario.warmupSeconds * 1000;
  }
}

const busyShare = (looks: readonly Look[]): number =>
  looks.reduce((sum, { busy }) => sum + busy, 0) / looks.reduce((sum, { slots }) => sum + slots, 0);

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
