import type { TrustClock } from '../../scheduler/trust.ts';
import type { CompilingSlice } from '../state.ts';

export const clockOf = ({ monotonicMs, core }: Pick<CompilingSlice, 'monotonicMs' | 'core'>): TrustClock => ({
  nowMs: monotonicMs(),
  options: core.options,
});
