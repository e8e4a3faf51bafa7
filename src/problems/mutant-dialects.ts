/** The code by which wrong versions of a reference change what it has written: in C for the cpu device, in CUDA for GPUs. Pure. */
import type { Dtype } from '../domain/plan/dtype.ts';

/** How a language says it. Every function is given an output `y` of `n` elements, and `x` of `m` bytes. */
export interface Dialect {
  /** Of one element, and 1 in it. */
  readonly types: Readonly<Record<Dtype, readonly [type: string, one: string]>>;
  readonly prelude: string;
  readonly grid: number;
  readonly block: number;
  readonly head: string;
  /** The statement for each `i` below n. */
  readonly each: (statement: string) => string;
  /** Null for types without a neighbour near enough. */
  readonly scaled: (dtype: Dtype, factor: number) => string | null;
  /** Gives back what was written before, where it is as long. One body a launch; `own`: a name that nothing else has. */
  readonly before: (own: string, type: string) => { readonly outside: string; readonly bodies: readonly string[] };
  /** Rounds an expression, and what must stand before that. */
  readonly rounding: Readonly<
    Record<'f16' | 'bf16', { readonly prelude: string; readonly round: (expression: string) => string }>
  >;
}

const isFloat = (dtype: Dtype): boolean => dtype.startsWith('f');
/** Packed ones have steps wider than any tolerance. */
const isCoarse = (dtype: Dtype): boolean => dtype === 'f4e2m1x2' || dtype === 'f8e4m3';

const PLAIN = {
  f64: ['double', '1.0'],
  f32: ['float', '1.0f'],
  i64: ['long long', '1'],
  i32: ['int', '1'],
  u32: ['unsigned', '1'],
  i8: ['signed char', '1'],
  u8: ['unsigned char', '1'],
  bf16: ['unsigned short', '0x3f80'],
  f8e4m3: ['unsigned char', '0x38'],
  f4e2m1x2: ['unsigned char', '0x22'],
} as const;

const scaledPlain = (dtype: Dtype, factor: number): string => (isFloat(dtype) ? `y[i] = y[i] * ${factor};` : 'y[i] += 1;');

export const C: Dialect = {
  types: { ...PLAIN, f16: ['_Float16', '1'] },
  prelude: '#include <stdlib.h>\n#include <string.h>\n',
  grid: 1,
  block: 1,
  head: 'void',
  each: (statement) => `for (long i = 0; i < n; i++) { ${statement} }`,
  scaled: (dtype, factor) => {
    if (isCoarse(dtype)) return null;
    if (dtype !== 'bf16') return scaledPlain(dtype, factor);
    return `unsigned b = (unsigned)y[i] << 16; float f; memcpy(&f, &b, 4); f *= ${factor}f; memcpy(&b, &f, 4); y[i] = (b + 0x7fff + (b >> 16 & 1)) >> 16;`;
  },
  before: () => ({
    outside: '',
    bodies: [
      'static char* old; static long had; long bytes = n * sizeof *y; char* now = malloc(bytes); memcpy(now, y, bytes); if (had == bytes) memcpy(y, old, bytes); free(old); old = now; had = bytes;',
    ],
  }),
  rounding: {
    f16: { prelude: '', round: (expression) => `(_Float16)(${expression})` },
    bf16: {
      prelude:
        'static inline float kiln_bf16(double d) { float f = (float)d; unsigned b; __builtin_memcpy(&b, &f, 4); b = (b + 0x7fff + (b >> 16 & 1)) & 0xffff0000u; __builtin_memcpy(&f, &b, 4); return f; }\n',
      round: (expression) => `kiln_bf16(${expression})`,
    },
  },
};

/** Elements of each output that are kept from one run to the next. */
const KEPT = 65_536;

export const CUDA: Dialect = {
  types: { ...PLAIN, f16: ['unsigned short', '0x3c00'] },
  prelude: '#include <cuda_fp16.h>\n#include <cuda_bf16.h>\n',
  grid: 256,
  block: 256,
  head: 'extern "C" __global__ void',
  each: (statement) =>
    `for (long i = blockIdx.x * (long)blockDim.x + threadIdx.x; i < n; i += gridDim.x * (long)blockDim.x) { ${statement} }`,
  scaled: (dtype, factor) => {
    if (isCoarse(dtype)) return null;
    if (dtype === 'f16') return `y[i] = __half_as_ushort(__float2half(__half2float(__ushort_as_half(y[i])) * ${factor}f));`;
    if (dtype === 'bf16')
      return `y[i] = __bfloat16_as_ushort(__float2bfloat16(__bfloat162float(__ushort_as_bfloat16(y[i])) * ${factor}f));`;
    return scaledPlain(dtype, factor);
  },
  before: (own, type) => ({
    outside: `__device__ ${type} ${own}_kept[${KEPT}];\n__device__ long ${own}_had;\n`,
    bodies: [
      CUDA.each(`if (i < ${KEPT}) { ${type} now = y[i]; if (${own}_had == n) y[i] = ${own}_kept[i]; ${own}_kept[i] = now; }`),
      `if (blockIdx.x == 0 && threadIdx.x == 0) ${own}_had = n;`,
    ],
  }),
  rounding: {
    f16: {
      prelude: '#include <cuda_fp16.h>\n',
      round: (expression) => `__half2float(__float2half((float)(${expression})))`,
    },
    bf16: {
      prelude: '#include <cuda_bf16.h>\n',
      round: (expression) => `__bfloat162float(__float2bfloat16((float)(${expression})))`,
    },
  },
};
