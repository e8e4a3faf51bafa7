/** A problem's own reference or baseline: device code with its plans, or a program with the cases that it is recorded on. Pure. */
import type { ProblemCase } from '../domain/problem.ts';
import type { OwnSide, ProgramUnit, RecordedSide } from '../domain/program-unit.ts';
import type { SidePlan, SideUnit } from '../domain/protocol.ts';
import { type CallsContext, resolveCalls } from './resolve-program.ts';
import { type Code, resolvePlanAt, resolveUnit, type UnitContext } from './resolve-unit.ts';

/** `side`: whose it is. */
export interface ProgramCode extends Pick<ProgramUnit, 'files' | 'entry' | 'environment'> {
  readonly language: 'python';
  readonly side: OwnSide;
}

export type SideCode = Code | ProgramCode;

export interface ResolvedSide {
  readonly unit: SideUnit;
  /** Of every case. */
  readonly planOf: (name: string) => SidePlan | undefined;
}

/** That its programs run in. */
export const environmentsOf = (sides: readonly SideCode[]): readonly string[] => [
  ...new Set(sides.flatMap((code) => (isProgram(code) ? [code.environment] : []))),
];

/** What a program launches is in its recording. */
const NO_PLAN: SidePlan = { launches: [], scratch: {} };

/** Of programs also the hidden cases that they are recorded on. */
export type SideContext = UnitContext & CallsContext;

/** Throws PlanError for anything wrong with the header or its expressions, or with how it is called. */
export const resolveSide = (code: SideCode, context: SideContext): ResolvedSide => {
  if (!isProgram(code)) {
    const { unit, plans } = resolveUnit(code, context);
    return { unit, planOf: (name) => plans[name] };
  }
  return { unit: resolveProgramSide(code, context), planOf: () => NO_PLAN };
};

/** With the cases that it is recorded on. Throws PlanError. */
export const resolveProgramSide = (code: ProgramCode, context: SideContext): RecordedSide => ({
  ...code,
  architecture: context.architecture,
  ...resolveCalls(code.entry.style, context),
});

/** Its plan for one more case. Throws PlanError. */
export const sidePlanAt = (code: SideCode, item: ProblemCase, context: Pick<UnitContext, 'problem'>): SidePlan =>
  isProgram(code) ? NO_PLAN : resolvePlanAt(code, item, context);

const isProgram = (code: SideCode): code is ProgramCode => 'entry' in code;
