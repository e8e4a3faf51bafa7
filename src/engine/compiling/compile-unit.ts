import type { Outcome } from '../../domain/outcome.ts';
import type { CompileUnit } from '../../domain/protocol.ts';
import { resolvedFor } from '../active-candidates.ts';
import type { ActiveCandidate } from '../active-candidates.ts';
import { markedUnit } from '../canaries/marks.ts';
import type { HostState } from '../host-state.ts';

/** A candidate's source as the host is to know it, or why its plan is no plan. */
export const unitFor = (candidate: ActiveCandidate, host: HostState, architecture: string): CompileUnit | Outcome => {
  const resolved = resolvedFor(candidate, architecture);
  return 'verdict' in resolved ? resolved : markedUnit(resolved.unit, host.canaries.marks.code);
};
