import { z } from 'zod';

/** Element types of tensors. `f4e2m1x2` is one byte that holds two FP4 values, the low nibble first; its shape counts bytes. */
export const Dtype = z.enum(['f64', 'f32', 'f16', 'bf16', 'i64', 'i32', 'u32', 'i8', 'u8', 'f8e4m3', 'f4e2m1x2']);
export type Dtype = z.infer<typeof Dtype>;

/** Bytes of one element. */
export const DTYPE_BYTES = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  i64: 8,
  i32: 4,
  u32: 4,
  i8: 1,
  u8: 1,
  f8e4m3: 1,
  f4e2m1x2: 1,
} as const satisfies Record<Dtype, number>;

/** Types of whole numbers; the others are floats. */
export const INTEGER_TYPES: ReadonlySet<string> = new Set<Dtype>(['i64', 'i32', 'u32', 'i8', 'u8']);

/** What each holds; of `i64` those that a number here holds exactly. */
export const INTEGER_RANGES: Readonly<Record<'i64' | 'i32' | 'u32' | 'i8' | 'u8', readonly [number, number]>> = {
  i64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
  i8: [-128, 127],
  u8: [0, 255],
};

/** Types a kernel argument passed by value can have. */
export const ScalarDtype = z.enum(['f64', 'f32', 'i64', 'i32', 'u32']);
export type ScalarDtype = z.infer<typeof ScalarDtype>;
