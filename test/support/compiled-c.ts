/** C kernels of problems, compiled with the options that the runner uses; warnings are errors. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadedProblem } from '../../src/problems/load-problems.ts';
import { resolveCandidate } from '../../src/problems/resolve-candidate.ts';
import { kernelUnit } from './kernel-unit.ts';

export const resolvedC = (loaded: LoadedProblem, file: string) => {
  const content = { language: 'c', source: loaded.files[file] ?? '', params: {} } as const;
  const result = resolveCandidate(loaded, { target: 'cpu', architecture: 'native', content });
  if (!result.ok) throw new Error(`${file}: ${JSON.stringify(result.outcome)}`);
  return result;
};

/** The path of a shared library in `folder`. */
export const compiledC = (loaded: LoadedProblem, file: string, folder: string): string => {
  const source = join(folder, `${loaded.problem.name}-${file.replaceAll('/', '-')}`);
  const params = Object.entries(kernelUnit(resolvedC(loaded, file).unit).params).map(([name, value]) => `-D${name}=${value}`);
  writeFileSync(source, loaded.files[file] ?? '');
  const options = ['-O3', '-march=native', '-std=gnu11', '-shared', '-fPIC', '-Wall', '-Werror'];
  execFileSync('gcc', [...options, ...params, '-o', `${source}.so`, source, '-lm'], { stdio: 'pipe' });
  return `${source}.so`;
};
