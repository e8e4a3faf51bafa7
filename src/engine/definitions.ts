/** A problem as a host is to know it: with the marks that it has there, and the hidden set that its own programs are recorded in. */
import type { ProblemDefinition } from '../domain/protocol.ts';
import type { HiddenSet } from '../problems/hidden.ts';
import type { LoadedProblem } from '../problems/load-problems.ts';
import type { Target } from '../problems/targets.ts';
import { markedDefinition } from './canaries/marks.ts';
import type { Connected, HostState } from './host-state.ts';
import type { Shared } from './state.ts';

interface Wanted {
  readonly loaded: LoadedProblem;
  readonly target: Target;
  readonly architecture: string;
  /** The one that is drawn from now where it is not given. */
  readonly hiddenSet?: HiddenSet | null | undefined;
}

export const definitionOn = (
  { hidden }: Pick<Shared, 'hidden'>,
  { canaries }: Pick<HostState, 'canaries'>,
  { loaded, target, architecture, hiddenSet = hidden.setOf(loaded, target) }: Wanted,
): ProblemDefinition => markedDefinition(loaded.definitionFor(target, architecture, hiddenSet), canaries.marks.problems);

/** Once a connection. */
export const defineOn = (
  { session }: Pick<HostState, 'session'>,
  { defined }: Pick<Connected, 'defined'>,
  definition: ProblemDefinition,
): void => {
  if (!defined.has(definition.key) && session.defineProblem(definition)) defined.add(definition.key);
};
