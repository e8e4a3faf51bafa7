/** `node bench/doctor.ts`: how long the default `kiln doctor` takes over the shipped problems on this machine, one line each and the sum. */
import { join } from 'node:path';
import { readProblems } from '../src/problems/load-problems.ts';
import { diagnoseProblems } from '../src/problem-doctor.ts';

const problems = [...readProblems(join(import.meta.dirname, '../kernels')).problems.values()];
const began = performance.now();
for (const problem of problems) {
  const start = performance.now();
  let found = 'nothing was tried';
  await diagnoseProblems(
    { problems: new Map([[problem.problem.name, problem]]), refused: [] },
    { env: process.env, whole: false, onCheck: (check) => void (found = check.found) },
  );
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`${seconds.padStart(6)} s  ${problem.problem.name}: ${found}\n`);
}
const all = ((performance.now() - began) / 1000).toFixed(1);
process.stdout.write(`${all.padStart(6)} s  all ${problems.length} problems, each with a compiled harness of its own\n`);
