import { compileCondition, type Condition } from '../domain/plan/condition.ts';
import type { Names } from '../domain/plan/expression-parser.ts';
import { ExpressionError, evaluate, type Scope } from '../domain/plan/expression.ts';
import { BoundedMap } from '../platform/bounded-map.ts';

/**
 * A plan that cannot be resolved. Thrown between the leaves of this folder and turned into data at its edge (`resolvePlan`,
 * `resolveCandidate`), so that no caller ever sees it.
 */
export class PlanError extends Error {
  override readonly name = 'PlanError';
  readonly field: string;

  constructor(field: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.field = field;
  }
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** Whose limit it is: "threads a block", "bytes of shared memory a block". */
  readonly of: string;
}

export const within = (max: number, of: string, min = 1): Bounds => ({ min, max, of });

/** Value of an expression, inside its bounds. Throws PlanError naming `field`. */
export const evaluateWithin = (
  expression: string | number,
  options: { readonly field: string; readonly scope: Scope; readonly bounds: Bounds },
): number => {
  const { field, scope, bounds } = options;
  const value = evaluated(expression, scope, field);
  if (value >= bounds.min && value <= bounds.max) return value;
  throw new PlanError(field, `"${expression}" is ${value}; ${bounds.of} must be ${bounds.min} to ${bounds.max}`);
};

/** Whether a condition holds. Throws PlanError naming `field`. */
export const holds = (condition: string, names: Names, field: string): boolean =>
  orPlanError(field, () => (conditions.get(condition) ?? compiled(condition))(names));

/** Parsed once: they are asked in every case. */
const conditions = new BoundedMap<string, Condition>(1000);

const compiled = (text: string): Condition => {
  const condition = compileCondition(text);
  conditions.set(text, condition);
  return condition;
};

const evaluated = (expression: string | number, scope: Scope, field: string): number =>
  orPlanError(field, () => evaluate(expression, scope));

const orPlanError = <T>(field: string, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExpressionError) throw new PlanError(field, error.message, error);
    throw error;
  }
};
