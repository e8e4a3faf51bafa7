import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Problem, programFilesOf } from '../../../src/domain/problem.ts';
import { drawnFor, hiddenFor } from '../../../src/engine/judging/hidden-task.ts';
import { drawHidden, drawHiddenSet, hiddenProbes, type RandomInt } from '../../../src/problems/hidden.ts';
import { loadProblem, loadProblems } from '../../../src/problems/load-problems.ts';
import { resolveCandidate } from '../../../src/problems/resolve-candidate.ts';
import { resolvePlanAt } from '../../../src/problems/resolve-unit.ts';
import { languageOfFile } from '../../../src/domain/plan/language-of-file.ts';
import { kernelUnit } from '../../support/kernel-unit.ts';
import { hiddenCasesBy } from '../../support/hidden-cases.ts';
import { seededInt } from '../../support/seeded-int.ts';

const KERNELS = join(import.meta.dirname, '../../../kernels');
const problems = loadProblems(KERNELS);
const matmul = loadProblem(join(KERNELS, 'matmul'));
const shipped = [...problems.values()]
  .filter(({ problem }) => problem.hidden)
  .map((loaded) => [loaded.problem.name, loaded] as const);
const DRAWS = 20;

const source = (grid: string): string =>
  `/* kiln\nlaunch:\n  - kernel: k\n    grid: ["${grid}"]\n    block: [32]\n    args: [a, b, c, m, n, k]\n*/\nvoid k() {}\n`;
const candidate = (grid: string) =>
  ({
    loaded: matmul,
    submission: { content: { language: 'cuda', source: source(grid), params: {}, device: 'H100' } },
    hidden: null,
  }) as unknown as Parameters<typeof drawnFor>[1];
/** As of an attempt. */
const taskOf = (randomInt: RandomInt, of: ReturnType<typeof candidate>) =>
  hiddenFor(drawnFor({ hidden: hiddenCasesBy(randomInt) }, of), of).hidden;

const resolved = (grid: string) =>
  resolveCandidate(matmul, {
    target: 'gpu',
    architecture: 'sm_90a',
    content: { language: 'cuda', source: source(grid), params: {} },
  });
const inSteps = (step: number) => ({ min: 16, max: 64, multiple_of: step });

describe('the case that is drawn for one judgement', () => {
  test('lies within the declared bounds, at the declared multiples', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 500 }),
        fc.nat(500),
        fc.integer({ min: 1, max: 64 }),
        (seed, min, more, step) => {
          const bounds = Problem.shape.hidden.safeParse({ m: { min, max: min + more, multiple_of: step } });
          if (!bounds.success) return;
          const item = drawHidden({ ...matmul.problem, hidden: bounds.data }, seededInt(seed));
          const value = item?.shape['m'] ?? 0;
          expect(value).toBeGreaterThanOrEqual(min);
          expect(value).toBeLessThanOrEqual(min + more);
          expect(value % step).toBe(0);
        },
      ),
    );
  });

  test('reaches both ends, and takes the inputs of every hard check case', () => {
    const drawn = Array.from({ length: 2000 }, (_, seed) => drawHidden(matmul.problem, seededInt(seed)));
    expect(new Set(drawn.map((item) => item?.shape['n']))).toEqual(new Set(Array.from({ length: 33 }, (_, i) => 8 * (i + 1))));
    const hard = matmul.problem.check.filter(({ distributions }) => distributions).map(({ name }) => name);
    for (const name of hard) expect(drawn.some((item) => item?.name.endsWith(`, as ${name})`))).toBe(true);
    expect(drawn.some((item) => item?.distributions === undefined)).toBe(true);
  });

  test('is named by its shape', () => {
    expect(drawHidden(matmul.problem, () => 0)?.name).toBe('hidden(m=1, n=8, k=8)');
  });

  test('is another one in every judgement, while the candidate stays what it is', () => {
    const tasks = [1, 2].map((seed) => taskOf(seededInt(seed), candidate('m')));
    expect(tasks.map((task) => task?.kind)).toEqual(['case', 'case']);
    expect(tasks[0]).not.toEqual(tasks[1]);
  });

  test('ends a candidate whose plan cannot be made there with a message that names the shape', () => {
    const task = taskOf(() => 0, candidate('m - 1'));
    expect(task).toMatchObject({ kind: 'refused', field: 'launch[0].grid[0]' });
    expect(task).toHaveProperty('message', expect.stringContaining('case hidden(m=1, n=8, k=8)'));
  });

  test('is not there for a problem that declares no bounds', () => {
    const { hidden: _hidden, ...plain } = matmul.problem;
    expect(drawHidden(plain, () => 0)).toBeUndefined();
    expect(drawHiddenSet(plain, () => 0)).toBeUndefined();
    expect(hiddenProbes(plain)).toEqual([]);
  });

  test('a plan that resolves for declared cases alone is a plan error before it is compiled', () => {
    expect(resolved('m')).toMatchObject({ ok: true });
    // No declared case has m = 2.
    const wrong = resolved('ceil_div(8, (m - 2) * (m - 2))');
    expect(wrong.ok ? '' : wrong.outcome.message).toContain('case hidden(m=2, n=16, k=16)');
  });

  test('Triton takes no size for a multiple of 16 that may be none there, and no let for one', () => {
    const content = {
      language: 'triton',
      source:
        '"""kiln\nparams: {B: 32}\nlet: {both: n * m}\nlaunch:\n  - kernel: k\n    grid: [1]\n    args: [a, b, c, n, m, both]\n"""\n',
      params: {},
    } as const;
    const only = { ...matmul.problem, check: [{ name: 'c', shape: { m: 16, n: 32, k: 32 } }] };
    const bench = { gpu: [{ name: 'b', shape: { m: 32, n: 64, k: 32 } }], cpu: [] };
    const divisible = (hidden: Problem['hidden']) => {
      const problem = { ...only, bench, hidden };
      const loaded = { ...matmul, problem };
      const result = resolveCandidate(loaded, { target: 'gpu', architecture: 'sm_90a', content });
      if (!result.ok) throw new Error(result.outcome.message);
      return kernelUnit(result.unit)
        .kernels[0]?.args.slice(3)
        .map(({ divisibleBy16 }) => divisibleBy16);
    };
    expect(divisible(undefined)).toEqual([true, true, false]);
    expect(divisible({ m: inSteps(16), n: inSteps(8), k: inSteps(8) })).toEqual([false, true, false]);
  });
});

test.each(shipped)('all files of %s keep what its bounds promise', (_name, loaded) => {
  for (let seed = 0; seed < DRAWS; seed++) {
    const item = drawHidden(loaded.problem, seededInt(seed));
    if (!item) throw new Error('no bounds');
    for (const target of loaded.targets) expect(loaded.hiddenCase(target, item).tensors.length).toBeGreaterThan(0);
    const programs = programFilesOf(loaded.problem);
    for (const [file, text] of Object.entries(loaded.files).filter(([name]) => !programs.includes(name))) {
      const language = languageOfFile(file);
      if (!language) throw new Error(file);
      expect(() => resolvePlanAt({ language, source: text, params: {} }, item, loaded)).not.toThrow();
    }
  }
});
