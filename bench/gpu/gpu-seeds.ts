/** Seeds of a problem that run on GPUs. */
import { languageOfFile } from '../../src/domain/plan/language-of-file.ts';
import type { LoadedProblem } from '../../src/problems/load-problems.ts';

export interface GpuSeed {
  /** In the folder of seeds. */
  readonly name: string;
  readonly language: 'cuda' | 'triton';
  readonly source: string;
}

const FOLDER = 'seeds/';

export const gpuSeeds = ({ files }: Pick<LoadedProblem, 'files'>): readonly GpuSeed[] =>
  Object.entries(files).flatMap(([file, source]) => {
    const language = languageOfFile(file);
    if (!file.startsWith(FOLDER) || (language !== 'cuda' && language !== 'triton')) return [];
    return [{ name: file.slice(FOLDER.length), language, source }];
  });
