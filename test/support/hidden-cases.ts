/** Hidden cases of an engine, drawn by whom a test says. */
import { createHiddenCases, type HiddenCases } from '../../src/engine/hidden-cases.ts';
import type { RandomInt } from '../../src/problems/hidden.ts';

/** Of problems whose bounds hold no shape without a case. */
export const hiddenCasesBy = (randomInt: RandomInt): HiddenCases =>
  createHiddenCases(randomInt, (problem, { name }, reason) => {
    throw new Error(`${problem}: ${name}: ${reason}`);
  });
