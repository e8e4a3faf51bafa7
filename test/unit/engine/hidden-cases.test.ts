import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CandidateId } from '../../../src/domain/ids.ts';
import { createHiddenCases, type DrawnCase } from '../../../src/engine/hidden-cases.ts';
import { type LoadedProblem, loadProblem } from '../../../src/problems/load-problems.ts';
import { hiddenCasesBy } from '../../support/hidden-cases.ts';
import { writeScale } from '../../support/scale-folder.ts';
import { seededInt } from '../../support/seeded-int.ts';

/** More than any set lasts. */
const MANY = 5000;
let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kiln-hidden-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** `x` and `y` have this shape. */
const problem = (kind: Parameters<typeof writeScale>[1], shape = '[n]'): LoadedProblem => {
  const folder = writeScale(mkdtempSync(join(root, 'kernels-')), kind);
  const file = join(folder, 'problem.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('shape: [n]', `shape: ${shape}`));
  return loadProblem(folder);
};
const PROGRAM = { reference: 'program', hiddenUpTo: 100_000 } as const;
const NATIVE = { ...PROGRAM, reference: 'native' } as const;
const hidden = (seed = 1) => hiddenCasesBy(seededInt(seed));
const nameOf = (drawn: DrawnCase | null): string => drawn?.item.name ?? 'none';
const held = (loaded: LoadedProblem, n: number) => ({
  id: CandidateId.parse(`c-${String(n).padStart(32, '0')}`),
  loaded,
  submission: { content: { device: 'H100' } } as Parameters<ReturnType<typeof hidden>['ofProgram']>[0]['submission'],
  hidden: null as DrawnCase | null,
});

describe('hidden cases', () => {
  test('of a problem whose code all has plans are of no set, and another one each time', () => {
    const [cases, loaded] = [hidden(), problem(NATIVE)];
    const drawn = [1, 2].map(() => cases.draw(loaded, 'gpu'));
    expect([cases.setOf(loaded, 'gpu'), ...drawn.map((one) => one?.hiddenSet)]).toEqual([null, null, null]);
    expect(nameOf(drawn[0] ?? null)).not.toBe(nameOf(drawn[1] ?? null));
  });

  test('of one whose programs are recorded are those of its set, all of them, for whichever reading of its folder', () => {
    const [cases, loaded, again] = [hidden(), problem(PROGRAM), problem(PROGRAM)];
    const hiddenSet = cases.setOf(loaded, 'gpu');
    const names = new Set(Array.from({ length: 200 }, () => nameOf(cases.draw(again, 'gpu'))));
    expect([...names].toSorted()).toEqual(hiddenSet?.cases.map(({ name }) => name).toSorted());
    expect(cases.draw(loaded, 'gpu')?.hiddenSet).toBe(hiddenSet);
  });

  test('are of another set once one was drawn from often enough to be learned, and in every life of the daemon', () => {
    const [cases, loaded] = [hidden(), problem(PROGRAM)];
    const first = cases.setOf(loaded, 'gpu');
    const changedAt = Array.from({ length: MANY }, () => cases.draw(loaded, 'gpu')?.hiddenSet).findIndex((one) => one !== first);
    expect(changedAt).toBeGreaterThan(first?.cases.length ?? MANY);
    expect(cases.setOf(loaded, 'gpu')?.cases).not.toEqual(first?.cases);
    expect(hidden(2).setOf(loaded, 'gpu')?.cases).not.toEqual(first?.cases);
  });

  test('are not there where none are declared', () => {
    const [cases, plain] = [hidden(), problem({ reference: 'program' })];
    expect([cases.setOf(plain, 'gpu'), cases.draw(plain, 'gpu'), cases.ofProgram(held(plain, 1))]).toEqual([null, null, null]);
  });

  test('are others where bounds hold a shape for which there is none, which is told', () => {
    for (const kind of [PROGRAM, NATIVE]) {
      const loaded = problem({ ...kind, hiddenUpTo: 9 }, '["if(n >= 3 and n <= 7, 0, n)"]');
      const broken = new Set<string>();
      const cases = createHiddenCases(seededInt(1), (name, item, reason) => void broken.add(`${name}: ${item.name}: ${reason}`));
      const names = new Set(Array.from({ length: 200 }, () => nameOf(cases.draw(loaded, 'gpu'))));
      expect([...names].toSorted()).toEqual([1, 2, 8, 9].map((n) => `hidden(n=${n})`));
      expect([...broken].toSorted()[0]).toMatch(
        /^scale: hidden\(n=3\): hidden\.tensors\.x\.shape\[0\]: .* is 0; a dimension must be/u,
      );
      const never = createHiddenCases(
        () => 4,
        () => undefined,
      );
      expect([never.draw(loaded, 'gpu'), kind === NATIVE ? null : never.setOf(loaded, 'gpu')]).toEqual([null, null]);
    }
  });

  test('of a program are one for as long as it is held, another when it is held again, and known of who was judged', () => {
    for (const loaded of [problem(PROGRAM), problem(NATIVE)]) {
      const [cases, program, other] = [hidden(), held(loaded, 1), held(loaded, 2)];
      expect(cases.lastOf(program.id)).toBeNull();
      const first = cases.ofProgram(program);
      expect(first).not.toBeNull();
      for (let draw = 0; draw < MANY; draw += 1) cases.draw(loaded, 'gpu');
      expect([cases.ofProgram(program), program.hidden, cases.lastOf(program.id)]).toEqual([first, first, first]);
      cases.ofProgram(other);
      expect(cases.lastOf(program.id)).toBe(first);
      const again = { ...program, hidden: null };
      expect(cases.ofProgram(again)).not.toEqual(first);
      expect(cases.lastOf(program.id)).toBe(again.hidden);
    }
  });
});
