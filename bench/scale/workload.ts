/** The simulated fleet and its work. Times are milliseconds, drawn uniformly. */
import { CandidateId } from '../../src/domain/ids.ts';
import type { Task } from '../../src/scheduler/events.ts';

export const SERVICE_MS = { low: 70, high: 130 };
export const COMPILE_MS = { low: 50, high: 150 };
export const RTT_MS = { low: 5, high: 80 };
export const COMPILE_SLOTS = 16;
export const DEVICES_PER_HOST = 8;
export const SUBMITTERS = 10_000;
/** Half of the hosts have it; one task in ten asks for it. */
export const LABEL = 'eu';
export const ARTIFACT = 'a'.repeat(64);

/** Three priorities, two languages, one in ten with a label: six constraint groups of which four are used. */
export const taskOf = (n: number, nowMs: number): Task => ({
  id: CandidateId.parse(`c-${n.toString(16).padStart(32, '0')}`),
  device: 'H100',
  labels: n % 10 === 0 ? [LABEL] : [],
  language: n % 3 === 0 ? 'triton' : 'cuda',
  priority: [10, 100, 100, 1000][n % 4] ?? 100,
  submitter: `agent-${n % SUBMITTERS}`,
  queuedAtMs: nowMs,
  attempts: 0,
  infraFailures: 0,
});
