/** The lets of a plan, for one case. Pure. */
import { isFunctionName, namesIn, type Scope } from '../domain/plan/expression.ts';
import type { LaunchPlan } from '../domain/plan/plan.ts';
import { evaluateWithin, PlanError, within } from './plan-error.ts';

const VALUE = within(Number.MAX_SAFE_INTEGER, 'a let', Number.MIN_SAFE_INTEGER);

/** `scope` with every let of the plan, in the order in which they stand there. Throws PlanError naming the let. */
export const withLets = (plan: LaunchPlan, scope: Scope): Scope => {
  let known = scope;
  for (const [name, expression] of Object.entries(plan.let)) {
    const field = `let.${name}`;
    refuseFunction(name, field);
    refuseLater(plan, { name, expression, known, field });
    known = { ...known, [name]: evaluateWithin(expression, { field, scope: known, bounds: VALUE }) };
  }
  return known;
};

const refuseFunction = (name: string, field: string): void => {
  if (isFunctionName(name)) throw new PlanError(field, `"${name}" is a function of expressions; choose another name`);
};

interface Let {
  readonly name: string;
  readonly expression: string | number;
  readonly known: Scope;
  readonly field: string;
}

/** What stands later is unknown here, so that no let can come back to itself. */
const refuseLater = (plan: LaunchPlan, { name, expression, known, field }: Let): void => {
  const later = namesIn(expression).find((used) => Object.hasOwn(plan.let, used) && !Object.hasOwn(known, used));
  if (later === undefined) return;
  const place = later === name ? 'is the let itself' : 'is declared after it';
  throw new PlanError(
    field,
    `"${expression}" uses "${later}", which ${place}; a let may use params, shape variables and lets before it`,
  );
};
