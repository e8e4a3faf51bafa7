/** The example of docs/problems.md in a folder of its own, with a hidden case or without, and with a reference in PyTorch or its own. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FIXTURE = join(import.meta.dirname, '../fixtures/problems/scale');
const NATIVE = 'gpu: {reference: reference.cu, baseline: reference.cu}';
const PROGRAM = 'gpu: {reference: {file: reference.py, symbol: run, style: function}}';

interface Kind {
  readonly reference: 'native' | 'program';
  /** The largest size of its hidden case; left out: it has none. */
  readonly hiddenUpTo?: number;
}

/** In a new folder `kernels`, which is made. Returns the problem's. */
export const writeScale = (kernels: string, { reference, hiddenUpTo }: Kind): string => {
  mkdirSync(kernels, { recursive: true });
  const folder = join(kernels, 'scale');
  cpSync(FIXTURE, folder, { recursive: true });
  const file = join(folder, 'problem.yaml');
  const text = readFileSync(file, 'utf8');
  const bounds = hiddenUpTo === undefined ? '' : `hidden: {n: {min: 1, max: ${hiddenUpTo}}}\n`;
  writeFileSync(file, bounds + (reference === 'native' ? text : text.replace(NATIVE, PROGRAM)));
  writeFileSync(join(folder, 'reference.py'), 'def run(x, factor):\n    return x * factor\n');
  return folder;
};
