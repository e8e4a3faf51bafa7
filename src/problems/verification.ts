/** Outputs that the problem's own check looks at: the section `verify` of problem.yaml, seen as a problem of its own. Pure. */
import type { Problem, ProblemCase, TensorSpec, Verification } from '../domain/problem.ts';
import type { RecordedSide } from '../domain/program-unit.ts';
import { PlanError } from './plan-error.ts';

/** As whoever records the check takes it: inputs and outputs are its inputs. */
export const verificationOf = (problem: Problem): Problem => ({
  ...problem,
  tensors: Object.fromEntries(Object.entries(problem.tensors).map(([name, spec]) => [name, asInput(spec)])),
  derive: undefined,
  verify: undefined,
  check: problem.check.map((item) => withoutRaw(problem, item)),
  bench: {
    gpu: problem.bench.gpu.map((item) => withoutRaw(problem, item)),
    cpu: problem.bench.cpu.map((item) => withoutRaw(problem, item)),
  },
});

/** Behind them each rule, an output of one byte: whoever records the check makes it of what that says. */
export const withRules = (side: RecordedSide, { rules }: Verification): RecordedSide => ({
  ...side,
  cases: side.cases.map((item) => ({
    ...item,
    tensors: [
      ...item.tensors,
      ...rules.map((name) => ({
        name,
        dtype: 'u8' as const,
        role: 'out' as const,
        shape: [1],
        distribution: { kind: 'rule' as const },
      })),
    ],
  })),
});

/** Throws PlanError where outputs cannot be told from what they were computed from. */
export const refuseUnverifiable = ({ tensors, verify }: Problem): void => {
  const changed = Object.entries(tensors).find(([, { role }]) => role === 'inout');
  if (verify && changed)
    throw new PlanError(
      `tensors.${changed[0]}.role`,
      `"${changed[0]}" has the role inout: the check is handed inputs and outputs, and must be given both`,
    );
};

const asInput = ({ dtype, shape, distribution }: TensorSpec): TensorSpec => ({ dtype, shape, distribution, role: 'in' });

/** The check is shown nothing that inputs are derived from. */
export const withoutRaw = <T extends ProblemCase>({ derive }: Problem, item: T): T => {
  if (!derive || !item.distributions) return item;
  const shown = Object.entries(item.distributions).filter(([name]) => !Object.hasOwn(derive.raw, name));
  return { ...item, distributions: Object.fromEntries(shown) };
};
