import { ExpressionError, evaluate, type Scope } from '../domain/plan/expression.ts';

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

const evaluated = (expression: string | number, scope: Scope, field: string): number => {
  try {
    return evaluate(expression, scope);
  } catch (error) {
    if (error instanceof ExpressionError) throw new PlanError(field, error.message, error);
    throw error;
  }
};
