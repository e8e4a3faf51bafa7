import { DTYPE_BYTES } from '../../domain/plan/dtype.ts';
import type { Tolerance } from '../../domain/problem.ts';
import { ownValue } from '../../platform/own-value.ts';

/** Nothing but the same number. */
export const EXACT: Tolerance = { rtol: 0, atol: 0, relative_l2: 1e-12 };

/** Of one element; of a type that Kiln does not have, 1. */
export const bytesOfType = (dtype: string | undefined): number => (dtype === undefined ? 1 : (ownValue(DTYPE_BYTES, dtype) ?? 1));
