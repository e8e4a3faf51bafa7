import type { Language } from '../domain/plan/plan.ts';
import type { Problem, ProblemCase } from '../domain/problem.ts';

/** What a problem can be judged on. A GPU of any architecture is one target; its files are compiled for each. */
export type Target = 'gpu' | 'cpu';
export const TARGETS = ['gpu', 'cpu'] as const satisfies readonly Target[];

/** Languages of kernels, with a launch plan, that a target runs. */
export const LANGUAGES_OF = { gpu: ['cuda', 'triton'], cpu: ['c'] } as const satisfies Record<Target, readonly Language[]>;

/** All whose candidates a target runs: on a GPU also programs. */
export const languagesOn = (target: Target): readonly Language[] =>
  target === 'gpu' ? [...LANGUAGES_OF.gpu, 'python'] : LANGUAGES_OF.cpu;

/** Check cases, then the target's bench cases: what every candidate is launched on, in this order. */
export const casesOf = (problem: Problem, target: Target): readonly ProblemCase[] => [...problem.check, ...problem.bench[target]];

/** What a device class is judged by. */
export const targetOf = (device: string): Target => (device === 'cpu' ? 'cpu' : 'gpu');
