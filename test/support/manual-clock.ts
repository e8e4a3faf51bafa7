import type { Clock } from '../../src/platform/clock.ts';

/** Time that stands still until a test advances it. */
export class ManualClock implements Clock {
  #now = 0;
  #timers: { readonly at: number; readonly act: () => void }[] = [];

  now = (): number => 1_000_000 + this.#now;
  monotonic = (): number => this.#now;
  after = (ms: number, act: () => void): (() => void) => {
    const timer = { at: this.#now + ms, act };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  get pending(): number {
    return this.#timers.length;
  }

  /** Runs what falls due, in order, letting promises settle after each. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      const [next] = this.#timers.filter((timer) => timer.at <= until).toSorted((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.act();
      await settled();
    }
    this.#now = until;
    await settled();
  }

  /** Time goes on and nothing runs: what falls due meanwhile comes late. */
  stall(ms: number): void {
    this.#now += ms;
  }
}

/** Streams and promises have passed on what they hold. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
