/** Programs to be judged beside device candidates: PyTorch's own way of solving each problem, and the seeds wrapped with host code. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SubmitCandidate } from '../../src/domain/api/candidates.ts';
import type { Program } from '../../src/domain/program.ts';
import type { LoadedProblem } from '../../src/problems/load-problems.ts';
import { languageOfFile } from '../../src/problems/targets.ts';
import { wrapSeed } from './wrap-seed.ts';

export const KINDS = ['torch', 'triton', 'cuda'] as const;
export type Kind = (typeof KINDS)[number];

export interface ProgramItem {
  readonly name: string;
  readonly problem: string;
  readonly kind: Kind;
  readonly body: SubmitCandidate;
  /** The same kernel without host code; null where there is none. */
  readonly twin: SubmitCandidate | null;
}

/** By problem: its inputs and outputs in declared order, as PyTorch people write it. */
const TORCH: Readonly<Record<string, string>> = {
  vector_add: 'a, b, out = data\n    return torch.add(a, b, out=out)',
  softmax: 'x, out = data\n    return torch.softmax(x, dim=1)',
  rmsnorm: 'x, weight, out = data\n    return torch.nn.functional.rms_norm(x, (x.shape[1],), weight, eps=1e-5)',
  matmul: 'a, b, c = data\n    return a @ b.T',
  transpose: 'a, out = data\n    return a.T.contiguous()',
};

const entryOf = (file: string): Program['entry'] => ({ file, symbol: 'custom_kernel', style: 'custom_kernel' });

interface Chosen {
  readonly device: string;
  readonly kinds: readonly Kind[];
  readonly problems: ReadonlyMap<string, LoadedProblem>;
}

export const programWork = ({ device, kinds, problems }: Chosen): readonly ProgramItem[] =>
  [...problems.values()].flatMap((loaded) => [
    ...(kinds.includes('torch') ? torchItems(loaded, device) : []),
    ...seedItems(loaded, device).filter(({ kind }) => kinds.includes(kind)),
  ]);

const torchItems = ({ problem: { name } }: LoadedProblem, device: string): readonly ProgramItem[] => {
  const lines = TORCH[name];
  if (lines === undefined) return [];
  const source = `import torch\n\n\ndef custom_kernel(data):\n    ${lines}\n`;
  const body = bodyOf({ problem: name, device, source, files: [] });
  return [{ name: `${name}/torch`, problem: name, kind: 'torch', body, twin: null }];
};

const seedItems = (loaded: LoadedProblem, device: string): readonly ProgramItem[] => {
  const { name } = loaded.problem;
  const folder = join(import.meta.dirname, '../../kernels', name, 'seeds');
  return readdirSync(folder)
    .toSorted()
    .flatMap((file) => {
      const language = languageOfFile(file);
      if (language !== 'cuda' && language !== 'triton') return [];
      const source = readFileSync(join(folder, file), 'utf8');
      const wrapped = wrapSeed(loaded, { language, source });
      if (wrapped === null) return [];
      const twin = SubmitCandidate.parse({ problem: name, device, language, source, effort: 'full' });
      return [
        { name: `${name}/${file}`, problem: name, kind: language, body: bodyOf({ problem: name, device, ...wrapped }), twin },
      ];
    });
};

interface Files {
  readonly problem: string;
  readonly device: string;
  readonly source: string;
  readonly files: Program['files'];
}

const bodyOf = ({ problem, device, source, files }: Files): SubmitCandidate =>
  SubmitCandidate.parse({
    problem,
    device,
    language: 'python',
    source,
    program: { entry: entryOf('submission.py'), files },
    effort: 'full',
  });
