import { type Dtype, DTYPE_BYTES } from '../../domain/plan/dtype.ts';
import type { Tolerance } from '../../domain/problem.ts';

/** Nothing but the same number. */
export const EXACT: Tolerance = { rtol: 0, atol: 0, relative_l2: 1e-12 };

/** Of one element; of a type that Kiln does not have, 1. */
export const bytesOfType = (dtype: string | undefined): number => (isDtype(dtype) ? DTYPE_BYTES[dtype] : 1);

const isDtype = (text: string | undefined): text is Dtype => text !== undefined && Object.hasOwn(DTYPE_BYTES, text);
