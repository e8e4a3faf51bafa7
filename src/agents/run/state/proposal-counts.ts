/** What diagnoses proposed and what came of it, counted from generations. Pure. */
import type { Generation } from '../../../domain/campaign/campaign.ts';
import type { Diagnosis } from '../../../domain/campaign/diagnosis.ts';

export interface LastDiagnosis
  extends Pick<Generation, 'problem' | 'device' | 'number'>,
    Pick<Diagnosis, 'bottleneck' | 'finding'> {}

export interface ProposalCounts {
  /** `sign`: -1 takes back what was counted of it. */
  count(generation: Generation, sign: 1 | -1): void;
  read(): {
    readonly proposed: number;
    /** Nobody is paid to write them. */
    readonly refused: number;
    /** Candidates of the others. */
    readonly written: number;
    /** The newest of each problem and device class. */
    readonly diagnoses: readonly LastDiagnosis[];
  };
}

const CANDIDATES: ReadonlySet<string> = new Set(['answered', 'submitted', 'judged']);

export const createProposalCounts = (): ProposalCounts => {
  const sums = { proposed: 0, refused: 0, written: 0 };
  const last = new Map<string, LastDiagnosis>();
  return {
    count: ({ number, problem, device, state, proposal }, sign) => {
      if (proposal && CANDIDATES.has(state.status)) sums.written += sign;
      if (state.status !== 'diagnosed') return;
      const { bottleneck, finding, proposals } = state.diagnosis;
      sums.proposed += sign * proposals.length;
      sums.refused += sign * state.refused.length;
      const key = `${problem} ${device}`;
      if (number >= (last.get(key)?.number ?? 0)) last.set(key, { problem, device, number, bottleneck, finding });
    },
    read: () => ({ ...sums, diagnoses: [...last.values()] }),
  };
};
