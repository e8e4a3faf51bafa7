/** A program as hosts build and record it: its files, and every case of the problem with the shapes of its tensors. Pure. */
import type { CandidateContent } from '../domain/candidate.ts';
import type { ContentHash } from '../domain/ids.ts';
import type { Problem, ProblemCase } from '../domain/problem.ts';
import type { ProgramUnit, RecordedCase, RecordUnit } from '../domain/program-unit.ts';
import { PlanError } from './plan-error.ts';
import type { UnitContext } from './resolve-unit.ts';
import { resolveShapes, resolveTensors } from './shapes.ts';
import { casesOf } from './targets.ts';

export interface ResolvedProgram {
  readonly unit: ProgramUnit;
  /** It is called on each once it is built. */
  readonly cases: readonly RecordedCase[];
}

type Content = Pick<CandidateContent, 'source' | 'program'>;

/** Throws PlanError where the content has no program. */
export const resolveProgram = ({ source, program }: Content, { problem, target, architecture }: UnitContext): ResolvedProgram => {
  if (!program) throw new PlanError('program', 'a candidate in python is a program: it needs an entry');
  const files = [{ path: program.entry.file, content: source }, ...program.files];
  const unit = { language: 'python' as const, architecture, files, entry: program.entry, environment: program.environment };
  return { unit, cases: casesOf(problem, target).map((item) => recordedCase(problem, item)) };
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
  readonly cases: readonly RecordedCase[];
}

/** What is asked for once it is built. */
export const recordUnitOf = (unit: ProgramUnit, { artifact, deviceModel, cases }: Built): RecordUnit => ({
  ...unit,
  built: artifact,
  deviceModel,
  cases: [...cases],
});
