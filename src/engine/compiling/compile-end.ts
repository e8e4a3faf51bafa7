/** What a compiler's answer leaves with its candidate, and who made the code that it is judged by from now on. */
import type { HostId } from '../../domain/ids.ts';
import type { KernelResources } from '../../domain/kernel-resources.ts';
import type { CompileResult } from '../../domain/protocol.ts';
import type { ResolvedCandidate } from '../../problems/candidate-resolution.ts';
import { setJob } from '../active-candidates.ts';
import type { ActiveCandidate } from '../active-candidates.ts';
import type { HostState } from '../host-state.ts';
import type { CompilingSlice } from '../state.ts';
import type { Compiled } from './known-artifacts.ts';

const COMPILE_LOG_CHARS_MAX = 64 * 1024;

export interface Answer {
  /** Whose devices it is for. */
  readonly host: HostState;
  readonly result: CompileResult | Compiled;
  /** The compile host whose answer it is; else who made what is compiled. */
  readonly by?: HostId;
}

/** Its job is over, and the scheduler hears how. */
export const finishCompile = (
  state: CompilingSlice,
  candidate: ActiveCandidate,
  { host, result, by = makerOf(result) }: Answer,
): void => {
  const { hostId } = host.session;
  setJob(candidate, null);
  if (by) candidate.makers.add(by);
  candidate.compiled = {
    log: logOf(result).slice(0, COMPILE_LOG_CHARS_MAX),
    resources: result.status === 'compiled' ? launchedOnly(candidate, result.resources) : candidate.compiled.resources,
    by: by ?? null,
  };
  if (result.status === 'infra') state.metrics.onInfra(result.failure.code);
  state.apply({ type: 'compiled', id: candidate.id, hostId, result });
};

export const makerOf = (result: CompileResult | Compiled): HostId | undefined => ('madeBy' in result ? result.madeBy : undefined);

/** A source may instantiate thousands of kernels; those that the plan launches decide. */
const launchedOnly = (candidate: ActiveCandidate, resources: KernelResources): KernelResources | null => {
  const launched = [...candidate.resolved.values()].map(({ plans }) => kernelsOf(plans));
  const known = Object.entries(resources).filter(([kernel]) => launched.some((kernels) => kernels.has(kernel)));
  return known.length === 0 ? null : Object.fromEntries(known);
};

type Plans = ResolvedCandidate['plans'];

/** Many points of a sweep share their plans. */
const kernels = new WeakMap<Plans, ReadonlySet<string>>();

const kernelsOf = (plans: Plans): ReadonlySet<string> => {
  const known = kernels.get(plans);
  if (known) return known;
  const named = new Set(Object.values(plans).flatMap(({ launches }) => launches.map(({ kernel }) => kernel)));
  kernels.set(plans, named);
  return named;
};

const logOf = (result: CompileResult): string => {
  switch (result.status) {
    case 'compiled':
      return result.log;
    case 'failed':
      return result.outcome.verdict === 'compile_error' ? result.outcome.log : '';
    case 'infra':
      return '';
  }
};
