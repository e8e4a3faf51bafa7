/** A file of KernelBench as a problem: `Model` is the reference, `get_inputs` says what inputs are. Pure. */
import { WEIGHTS_BYTES_MAX } from '../../domain/case-limits.ts';
import type { Tolerance } from '../../domain/problem.ts';
import { problemNameOf } from '../programs/names.ts';
import { makeProblem } from '../programs/program-problem.ts';
import { RefusedFile } from '../programs/refused-file.ts';
import type { Source } from '../programs/source.ts';

export interface FoundFile {
  /** "level1/19_ReLU.py" */
  readonly label: string;
  readonly level: number | null;
  readonly text: string;
}

/** As KernelBench has it: of fp32 one in ten thousand, of less one in a hundred. As a whole no more than of an element, so that zeros are wrong. */
const TOLERANCE: Tolerance = { rtol: 1e-4, atol: 1e-4, relative_l2: 1e-4 };
const HALF: Tolerance = { rtol: 1e-2, atol: 1e-2, relative_l2: 1e-2 };

export const kernelBenchSource = ({ label, level, text }: FoundFile): Source => {
  const stem = (label.split('/').at(-1) ?? label).replace(/\.py$/u, '');
  return {
    label,
    name: kernelBenchName(level, stem),
    kind: 'kernelbench',
    files: { 'reference.py': text },
    cases: [{}],
    make: (described, name) => {
      refuseWeights(described.weights ?? 0);
      const asked = described.asked ?? [{ kind: 'bench', args: {} }];
      const {
        problem,
        files: made,
        notes,
      } = makeProblem({
        name,
        title: `${stem}, of KernelBench`.slice(0, 120),
        description: '',
        described,
        cases: asked,
        tolerance: (dtypes) => (dtypes.some((dtype) => dtype === 'f16' || dtype === 'bf16') ? HALF : TOLERANCE),
        style: 'model',
        symbol: 'Model',
        files: [],
        generator: 'get_inputs',
      });
      return {
        problem,
        ...(made && { files: made }),
        notes: [...asked.flatMap(({ args, instead }) => (instead === undefined ? [] : [rowsText(args, instead)])), ...notes],
      };
    },
  };
};

const refuseWeights = (bytes: number): void => {
  if (bytes > WEIGHTS_BYTES_MAX)
    throw new RefusedFile(`its weights are ${Math.ceil(bytes / 2 ** 20)} MiB; a recording holds ${WEIGHTS_BYTES_MAX / 2 ** 20}`);
};

const rowsText = ({ batch }: Readonly<Record<string, number>>, instead: number): string =>
  `it is timed with ${batch} rows in place of ${instead}, which are too large for a case: its times are those of another shape than KernelBench's`;

/** ("1", "19_ReLU") -> "level1_19_re_lu": the number is the problem's in their results. */
const kernelBenchName = (level: number | null, stem: string): string => {
  const [, number, rest] = /^(\d+)_(.*)$/u.exec(stem) ?? [];
  if (number === undefined) return problemNameOf(stem);
  return problemNameOf(`${level === null ? 'problem' : `level${level}`}_${number}_${rest}`);
};

/** Of a problem's name: {level, id}; null of one that is not of KernelBench. */
export const kernelBenchId = (problem: string): { readonly level: number | null; readonly id: number } | null => {
  const [, level, id] = /^(?:level(\d+)|problem)_(\d+)(?:_|$)/u.exec(problem) ?? [];
  return id === undefined ? null : { level: level === undefined ? null : Number(level), id: Number(id) };
};
