/** A source with its params, as something to vary. */
import type { Language, LaunchPlan, Params } from '../../domain/plan/plan.ts';
import { parseHeader } from '../../problems/parse-header.ts';

export interface Variant {
  readonly language: Language;
  readonly source: string;
  /** Effective: every param of the header has its value. */
  readonly params: Params;
}

export interface Parent extends Variant {
  readonly plan: LaunchPlan;
}

export interface Change {
  readonly variant: Variant;
  /** What was done, for people: "TILE 16 -> 32, unroll in copy". */
  readonly note: string;
  /** Names of what changed: the idea. */
  readonly changed: readonly string[];
}

/** Null where the source has no plan that can be read. */
export const parentOf = ({ language, source, params }: Variant): Parent | null => {
  const header = parseHeader(source, language);
  return header.ok ? { language, source, params: { ...header.plan.params, ...params }, plan: header.plan } : null;
};

export const keyOf = ({ language, source, params }: Variant): string =>
  JSON.stringify([language, source, Object.entries(params).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
