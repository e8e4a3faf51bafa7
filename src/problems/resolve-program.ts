/** A program as hosts build and record it: its files, and every case of the problem with the shapes of its tensors. Pure. */
import type { ContentHash } from '../domain/ids.ts';
import type { Problem, ProblemCase } from '../domain/problem.ts';
import type { Program, ProgramStyle } from '../domain/program.ts';
import type { ModelCall, ProgramUnit, RecordedCase, RecordUnit } from '../domain/program-unit.ts';
import type { HiddenCase } from './hidden.ts';
import { PlanError } from './plan-error.ts';
import { handedData, modelCallOf, valuesOf } from './resolve-call.ts';
import type { UnitContext } from './resolve-unit.ts';
import { resolveShapes, resolveTensors } from './shapes.ts';
import { casesOf } from './targets.ts';

/** How a program is called once it is built, to be recorded. */
export interface Calls {
  readonly cases: RecordedCase[];
  readonly model?: ModelCall;
}

export interface ResolvedProgram {
  readonly unit: ProgramUnit;
  readonly calls: Calls;
}

/** `hiddenCases`: that it is called in as well. */
export interface CallsContext extends Pick<UnitContext, 'problem' | 'target'> {
  readonly hiddenCases?: readonly HiddenCase[] | undefined;
}

interface Content {
  readonly source: string;
  readonly program?: Program | undefined;
}

/** Throws PlanError where the content has no program. */
export const resolveProgram = ({ source, program }: Content, context: UnitContext): ResolvedProgram => {
  if (!program) throw new PlanError('program', 'a candidate in python is a program: it needs an entry');
  const files = [{ path: program.entry.file, content: source }, ...program.files];
  const { entry, environment } = program;
  const unit = { language: 'python' as const, architecture: context.architecture, files, entry, environment };
  return { unit, calls: resolveCalls(entry.style, context) };
};

/** Throws PlanError where a case's tensors have no such shapes. */
export const resolveCalls = (style: ProgramStyle, { problem, target, hiddenCases = [] }: CallsContext): Calls => ({
  cases: [...casesOf(problem, target), ...hiddenCases].map((item) => callAt(style, item, { problem })),
  ...(style === 'model' && { model: modelCallOf(problem) }),
});

/** In one more case. Throws PlanError. */
export const callAt = (style: ProgramStyle, item: ProblemCase, { problem }: Pick<UnitContext, 'problem'>): RecordedCase => ({
  ...recordedCase(problem, item),
  ...handed(style, problem, item),
});

/** Beside the tensors. */
const handed = (style: ProgramStyle, problem: Problem, item: ProblemCase): Pick<RecordedCase, 'data' | 'values'> => {
  switch (style) {
    case 'custom_kernel': {
      const data = handedData(problem, item);
      return data ? { data } : {};
    }
    case 'function':
    case 'function_dps':
      return { values: valuesOf(problem, item) };
    case 'model':
      return {};
  }
};

const recordedCase = (problem: Problem, { name, shape, distributions }: ProblemCase): RecordedCase => {
  const shapes = resolveShapes(problem, shape);
  const tensors = resolveTensors(problem, shape, distributions).map(
    ({ elements: _elements, tolerance: _tolerance, compare: _compare, ...tensor }) => ({
      ...tensor,
      shape: [...(shapes[tensor.name] ?? [])],
    }),
  );
  return { name, tensors };
};

interface Built {
  readonly artifact: ContentHash;
  readonly deviceModel: string;
  readonly calls: Calls;
  /** Its judge calls it: nothing is recorded. */
  readonly isByAnswers: boolean;
  /** How often its addresses were those of another recording. */
  readonly again?: number;
}

/** What is asked for once it is built. */
export const recordUnitOf = (unit: ProgramUnit, { artifact, deviceModel, calls, isByAnswers, again = 0 }: Built): RecordUnit => ({
  ...unit,
  built: artifact,
  deviceModel,
  ...calls,
  ...(isByAnswers && { by: 'answers' }),
  ...(again > 0 && { again }),
});
