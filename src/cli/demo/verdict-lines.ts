/** What the demo says while it goes on: what is faster than all before, and what was caught. Pure but for what it remembers. */
import type { Candidate } from '../../domain/candidate.ts';
import { paramsText } from '../../domain/text/params-text.ts';
import { times } from '../../domain/text/units.ts';

type Shown = Pick<Candidate, 'state' | 'score'> & { readonly submission: Pick<Candidate['submission'], 'problem' | 'params'> };

/** In the order in which candidates end. Null: nothing that is new. */
export const createVerdictLines = (): ((candidate: Shown, file: string) => string | null) => {
  const best = new Map<string, number>();
  return ({ submission: { problem, params }, state, score }, file) => {
    if (state.status !== 'done') return null;
    const name = [file, paramsText(params)].filter(Boolean).join(' ');
    const { verdict } = state.outcome;
    if (verdict !== 'passed') return `${problem}: ${name} is not ranked: ${verdict}`;
    if (score === null || score.speedup <= (best.get(problem) ?? 0)) return null;
    best.set(problem, score.speedup);
    return `${problem}: ${name} passed with ${times(score.speedup)}, the most so far`;
  };
};
