/** What became of a host's compilations, for GET /v1/fleet; /metrics has the same as counters and histograms. */
import type { HostView } from '../../domain/api/fleet.ts';
import type { CompileResult } from '../../domain/protocol.ts';
import { createRecentTimes } from '../telemetry/recent-times.ts';

export interface CompileCounts {
  onCompiled(result: CompileResult): void;
  view(): Omit<HostView['compile'], 'queued' | 'running'>;
}

/** Counted since this daemon started. */
export const createCompileCounts = (): CompileCounts => {
  const counts = { compiled: 0, cached: 0, failed: 0 };
  const times = createRecentTimes();
  return {
    onCompiled: (result) => {
      if (result.status === 'infra') return;
      if (result.status === 'failed') counts.failed += 1;
      else if (result.cached) counts.cached += 1;
      else counts.compiled += 1;
      if (result.status === 'failed' || !result.cached) times.add(result.durationMs);
    },
    view: () => ({ ...counts, timeMs: times.quantiles() }),
  };
};
