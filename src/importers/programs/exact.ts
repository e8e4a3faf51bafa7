import type { Tolerance } from '../../domain/problem.ts';

/** Nothing but the same number. */
export const EXACT: Tolerance = { rtol: 0, atol: 0, relative_l2: 1e-12 };

/** Types of whole numbers. */
export const INTEGERS: ReadonlySet<string> = new Set(['i64', 'i32', 'u32', 'i8', 'u8']);
