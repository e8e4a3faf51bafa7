/* kiln
params: {BM: 128, BN: 128, WM: 64, WN: 32, STAGES: 3, GROUP: 8}
space: {BM: [64, 128, 256], BN: [32, 64, 128], WM: [16, 32, 64], WN: [16, 32, 64], STAGES: [2, 3, 4, 5], GROUP: [1, 4, 8, 16]}
constraints:
  - BM % WM == 0 and BN % WN == 0 and (BM / WM) * (BN / WN) * 32 <= 1024
  # Threads divide the rows of both tiles evenly, with at most 32 loads each.
  - BM % WM == 0 and BN % WN == 0 and (BM / WM) * (BN / WN) % 2 == 0 and BM % ((BM / WM) * (BN / WN) * 4) == 0 and BN % ((BM / WM) * (BN / WN) * 4) == 0
  - BM % WM == 0 and BN % WN == 0 and (BM + BN) / ((BM / WM) * (BN / WN) * 4) <= 32
  - STAGES * (BM + BN) * 128 <= 227 * 1024
  - (BM / WM) * (BN / WN) * WM * (WN * 2 + 16) <= STAGES * (BM + BN) * 128
launch:
  - kernel: fp8_gemm
    grid: [ceil_div(m, BM) * ceil_div(n, BN)]
    block: [(BM / WM) * (BN / WN) * 32]
    shared: STAGES * (BM + BN) * 128
    args: [a, a_scale, b, b_scale, c, m, n, k]
*/
// For devices without FP8 tensor cores too: values become f16, which holds all of them, once they are in registers (a shift and two masks for two), and are
// multiplied by mma.sync. The tiles, of FP8 in shared memory, are those of include/tiles.cuh.
#include <cuda_bf16.h>
#include "tiles.cuh"

__device__ void multiply(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/** Two e4m3 values, in the upper bytes of the halves of `word`, as f16, times 2^-8: e4m3's exponent has a bias of 7, f16's of 15. Exact, also without a leading 1. */
__device__ unsigned widen(unsigned word) { return (word & 0x80008000u) | (word & 0x7F007F00u) >> 1; }
__device__ unsigned first_two(unsigned four) { return widen(__byte_perm(four, 0, 0x1404)); }
__device__ unsigned last_two(unsigned four) { return widen(__byte_perm(four, 0, 0x3424)); }

struct Half {
  static constexpr float SCALE = 65536;  // both factors are times 2^-8

  /** Columns may be multiplied in any order that is the same for both: each register's first two values go with one product of 16 columns, where f16 has a thread's first
   * pair, and its last two where f16 has the second. */
  static __device__ void multiply(float (&part)[WN / 8][4], const unsigned (&fa)[4], const unsigned (&fb)[WN / 16][4]) {
    const unsigned low[4] = {first_two(fa[0]), first_two(fa[1]), last_two(fa[0]), last_two(fa[1])};
    const unsigned high[4] = {first_two(fa[2]), first_two(fa[3]), last_two(fa[2]), last_two(fa[3])};
#pragma unroll
    for (int j = 0; j < WN / 8; j++) {
      const unsigned b0 = fb[j / 2][j % 2 * 2], b1 = fb[j / 2][j % 2 * 2 + 1];
      ::multiply(part[j], low, first_two(b0), last_two(b0));
      ::multiply(part[j], high, first_two(b1), last_two(b1));
    }
  }
};

extern "C" __global__ void __launch_bounds__(THREADS)
fp8_gemm(const unsigned char* __restrict__ a, const float* __restrict__ a_scale, const unsigned char* __restrict__ b, const float* __restrict__ b_scale,
         __nv_bfloat16* __restrict__ c, int m, int n, int k) {
  multiply_tiles<Half>(a, a_scale, b, b_scale, c, m, n, k);
}
