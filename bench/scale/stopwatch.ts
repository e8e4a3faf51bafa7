export interface Cost {
  /** CPU time of this thread, mean. The kernel may count it in ticks: it is right over thousands of calls, not for one. */
  readonly cpuUs: number;
  /** Wall-clock time, which other work on the machine lengthens. */
  readonly wallUs: { readonly p50: number; readonly p99: number };
  readonly calls: number;
}

/** What calls cost. */
export class Stopwatch {
  #cpuUs = 0;
  #wallUs: number[] = [];

  time<T>(call: () => T): T {
    const cpu = process.threadCpuUsage();
    const from = performance.now();
    const result = call();
    this.#wallUs.push((performance.now() - from) * 1_000);
    const spent = process.threadCpuUsage(cpu);
    this.#cpuUs += spent.user + spent.system;
    return result;
  }

  reset(): void {
    this.#cpuUs = 0;
    this.#wallUs = [];
  }

  read(): Cost {
    const walls = Float64Array.from(this.#wallUs).toSorted();
    const calls = walls.length;
    return { cpuUs: this.#cpuUs / Math.max(1, calls), wallUs: { p50: quantile(walls, 0.5), p99: quantile(walls, 0.99) }, calls };
  }
}

export const quantile = (sorted: Float64Array, share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
