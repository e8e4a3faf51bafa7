/** What the benchmark submits: tuning sweeps of one seed, as most of real work is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = readFileSync(join(import.meta.dirname, 'point.cu'), 'utf8');

export type Work = 'sweep' | 'trials';

/**
 * Bodies of POST /v1/candidates, as JSON. `sweep`: every candidate compiles to code of its own. `trials`: one source over and over,
 * so that the host's compile cache answers. `first` keeps the content of several runs apart.
 */
export const bodies = (
  work: Work,
  options: { readonly device: string; readonly first: number; readonly count: number },
): readonly object[] => Array.from({ length: options.count }, (_, index) => bodyOf(work, options.device, options.first + index));

const TRIALS = 10_000;

const bodyOf = (work: Work, device: string, number: number): object => ({
  problem: 'vector_add',
  source: SOURCE,
  language: 'cuda',
  device,
  submitter: `bench-${number % 8}`,
  ...(work === 'sweep'
    ? { params: { BLOCK: 32 + (number % 32) * 32, POINT: number } }
    : { params: { POINT: -1 - Math.floor(number / TRIALS) }, trial: number % TRIALS }),
});
