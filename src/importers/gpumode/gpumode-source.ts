/** A task of GPU MODE as a problem: `ref_kernel` is the reference, `generate_input` says what inputs are. Pure. */
import type { Tolerance } from '../../domain/problem.ts';
import type { Described } from '../programs/described.ts';
import { EXACT } from '../programs/element-types.ts';
import { problemNameOf } from '../programs/names.ts';
import { makeProblem } from '../programs/program-problem.ts';
import { RefusedFile } from '../programs/refused-file.ts';
import type { Source } from '../programs/source.ts';
import type { GpuModeTask } from './task-file.ts';

const DESCRIPTION_CHARS_MAX = 4000;

export interface FoundTask {
  readonly label: string;
  /** Of its leaderboard, or its folder. */
  readonly name: string;
  readonly task: GpuModeTask;
  /** Name -> text. */
  readonly files: Readonly<Record<string, string>>;
}

export const gpuModeSource = ({ label, name, task, files }: FoundTask): Source => ({
  label,
  name: problemNameOf(name),
  kind: 'gpumode',
  files,
  cases: task.cases.map(({ args }) => args),
  make: (described, free) =>
    makeProblem({
      name: free,
      title: `${name}, a task of GPU MODE`.slice(0, 120),
      description: task.description.trim().slice(0, DESCRIPTION_CHARS_MAX),
      described,
      cases: task.cases,
      tolerance: () => toleranceOf(described),
      style: 'custom_kernel',
      symbol: 'ref_kernel',
      files: Object.keys(files).filter((file) => file !== 'reference.py'),
      generator: 'generate_input',
    }),
});

/** Between two calls on the same inputs, where the task checks outputs by itself. */
const REPEATED: Tolerance = { rtol: 1e-3, atol: 1e-6, relative_l2: 1e-3 };

/** Of what passes each element nothing fails as a whole. */
const toleranceOf = ({ tolerance, check }: Described): Tolerance => {
  if (check) return REPEATED;
  if (tolerance === undefined) throw new RefusedFile('nothing says how exact it must be');
  if ('equal' in tolerance || (tolerance.rtol === 0 && tolerance.atol === 0)) return EXACT;
  return { rtol: tolerance.rtol, atol: tolerance.atol, relative_l2: Math.max(tolerance.rtol, EXACT.relative_l2) };
};
