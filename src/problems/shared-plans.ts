/**
 * One set of plans for all points of a source that are launched alike: most params of a sweep are macros of its code alone. What is the same object is
 * resolved, hashed and sent once.
 */
import type { Language, LaunchPlan, Params } from '../domain/plan/plan.ts';
import type { Problem } from '../domain/problem.ts';
import type { ResolvedPlan } from '../domain/plan/resolved-plan.ts';
import { BoundedMap } from '../platform/bounded-map.ts';
import type { Target } from './targets.ts';

/** Of one source on one problem. */
const SETS_MAX = 256;

export interface PlanSet {
  /** Case name -> plan. */
  readonly plans: Readonly<Record<string, ResolvedPlan>>;
  /** Plans at the shapes that stand for hidden ones. */
  readonly probes: readonly ResolvedPlan[];
}

interface Launched {
  readonly problem: Problem;
  readonly target: Target;
  readonly language: Language;
  readonly params: Params;
}

/** A plan is the same object for every source with its header (parse-header.ts), and is not changed. */
const sets = new WeakMap<LaunchPlan, WeakMap<Problem, BoundedMap<string, PlanSet>>>();

/** `resolve` runs where no point with these values was resolved lately; what it throws is not kept. */
export const sharedPlans = (plan: LaunchPlan, launched: Launched, resolve: () => PlanSet): PlanSet => {
  const known = setsOf(plan, launched.problem);
  const key = keyOf(plan, launched);
  const shared = known.use(key);
  if (shared) return shared;
  const set = resolve();
  known.set(key, set);
  return set;
};

const setsOf = (plan: LaunchPlan, problem: Problem): BoundedMap<string, PlanSet> => {
  const ofPlan = sets.get(plan) ?? new WeakMap<Problem, BoundedMap<string, PlanSet>>();
  const known = ofPlan.get(problem) ?? new BoundedMap<string, PlanSet>(SETS_MAX);
  ofPlan.set(problem, known);
  sets.set(plan, ofPlan);
  return known;
};

const keyOf = (plan: LaunchPlan, { target, language, params }: Launched): string =>
  JSON.stringify([target, language, ...launchNames(plan).map((name) => params[name])]);

const names = new WeakMap<LaunchPlan, readonly string[]>();

/** Params that stand anywhere in what its launches follow from. */
const launchNames = (plan: LaunchPlan): readonly string[] => {
  const known = names.get(plan);
  if (known) return known;
  const { params, space: _tuning, where: _where, constraints: _constraints, compile: _compiler, ...launching } = plan;
  const used = new Set(textsIn(launching).flatMap((text) => text.match(/[A-Za-z_]\w*/g) ?? []));
  const found = Object.keys(params).filter((name) => used.has(name));
  names.set(plan, found);
  return found;
};

/** Every text as it stands, so that no escape of a notation joins a name. */
const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
};
