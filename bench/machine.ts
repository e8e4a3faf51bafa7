/** What a figure was measured on: said beside every table, since a figure without its machine means nothing. */
import { availableParallelism, cpus, loadavg } from 'node:os';

/** "2 cores of …, Node v24.21.0, load average 3.1 before". */
export const machineLine = (loadBefore: number): string =>
  `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown processor'}), Node ${process.version}, load average ${loadBefore.toFixed(1)} before and ${loadNow().toFixed(1)} after.`;

/** Processes that wanted a core over the last minute, the benchmark's own among them. */
export const loadNow = (): number => loadavg()[0] ?? 0;
