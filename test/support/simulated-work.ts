/** A unit, a problem and tasks that a runner with simulated GPUs takes. */
import { AttemptId, type DeviceId, hashOf } from '../../src/domain/ids.ts';
import type { CompileUnit, JudgeTask, ProblemDefinition } from '../../src/domain/protocol.ts';

export const UNIT: CompileUnit = {
  language: 'cuda',
  source: 'extern "C" __global__ void k() {}',
  params: {},
  architecture: 'sm_90a',
  kernels: [],
  numWarps: null,
  numStages: null,
};
const PLAN = {
  launches: [{ kernel: 'k', grid: [1, 1, 1], block: [1, 1, 1], cluster: null, shared: 0, args: [] }],
  scratch: {},
} satisfies ProblemDefinition['cases'][number]['reference'];
const BODY: Omit<ProblemDefinition, 'key'> = {
  name: 'p',
  tolerance: { rtol: 0, atol: 0, relative_l2: 1 },
  cases: [{ name: 'c', kind: 'bench', tensors: [], reference: PLAN, baseline: PLAN }],
  reference: UNIT,
  baseline: UNIT,
};
export const PROBLEM: ProblemDefinition = { key: hashOf(BODY), ...BODY };
export const attemptOf = (digit: number): AttemptId => AttemptId.parse(`c-${String(digit).repeat(32)}.1`);

export const taskOn = (deviceId: DeviceId, { attemptId, artifact }: Pick<JudgeTask, 'attemptId' | 'artifact'>): JudgeTask => ({
  attemptId,
  deviceId,
  problemKey: PROBLEM.key,
  artifact,
  plans: { c: PLAN },
  timing: { method: 'cached', warmupRuns: 0, runsMin: 1, runsMax: 1, targetRelativeCi: 1, caseBudgetMs: 1, baselineAgeMsMax: 1 },
  record: null,
  limitMs: 30_000,
  waitedMs: 0,
});
