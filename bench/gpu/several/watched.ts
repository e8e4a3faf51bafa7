/** Kernels whose times are watched while something else changes. */
import { join } from 'node:path';
import { loadProblem } from '../../../src/problems/load-problems.ts';
import { PROBLEM, PROBLEMS_FOLDER } from '../rate/candidates.ts';
import type { Runner, Work } from './runner.ts';

const KERNELS = join(import.meta.dirname, '../../../kernels');

export interface WatchedKernel {
  readonly folder: string;
  readonly file: string;
}

/** Bound by memory: small launches first, then large ones. */
export const STREAMING: readonly WatchedKernel[] = [
  { folder: join(PROBLEMS_FOLDER, 'vector_add_small'), file: 'baseline.cu' },
  { folder: join(PROBLEMS_FOLDER, PROBLEM), file: 'baseline.cu' },
  { folder: join(KERNELS, 'rmsnorm'), file: 'seeds/3-registers.cu' },
  { folder: join(KERNELS, 'softmax'), file: 'seeds/3-registers.cu' },
  { folder: join(KERNELS, 'transpose'), file: 'seeds/3-vectors.cu' },
  { folder: join(KERNELS, 'vector_add'), file: 'seeds/3-float4.cu' },
];

/** Bound by arithmetic and power. */
export const COMPUTING: readonly WatchedKernel[] = [
  { folder: join(KERNELS, 'matmul'), file: 'seeds/2-mma.cu' },
  { folder: join(KERNELS, 'matmul'), file: 'seeds/4-wgmma.cu' },
  { folder: join(KERNELS, 'nvfp4_gemv'), file: 'seeds/3-row-groups.cu' },
];

/** Its work hangs on what was drawn, were it not for the seed of its lengths. */
export const RAGGED: readonly WatchedKernel[] = [{ folder: join(KERNELS, 'paged_attention_decode'), file: 'baseline.cu' }];

export interface Watched {
  /** Of the problem, with the seed's where there are several of one problem. */
  readonly name: string;
  readonly isBaseline: boolean;
  readonly work: Work;
}

export const prepareWatched = async (runner: Runner, kernels: readonly WatchedKernel[]): Promise<readonly Watched[]> =>
  Promise.all(
    kernels.map(async ({ folder, file }) => {
      const loaded = loadProblem(folder);
      const isOnly = kernels.filter((kernel) => kernel.folder === folder).length === 1;
      const name = isOnly ? loaded.problem.name : `${loaded.problem.name}/${file.replace(/^.*\/(?:\d-)?|\.\w+$/g, '')}`;
      const work = await runner.prepare(loaded, { source: loaded.files[file] ?? '', params: {} });
      return { name, isBaseline: file === 'baseline.cu', work };
    }),
  );
