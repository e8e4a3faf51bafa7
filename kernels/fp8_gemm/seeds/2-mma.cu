/* kiln
params: {BM: 128, BN: 64, WM: 32, WN: 32, STAGES: 4, GROUP: 8}
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
// mma.sync of FP8 (sm_89 and later), fed by ldmatrix from tiles that include/tiles.cuh keeps in shared memory. What a tile comes to is scaled and added in f32 outside
// of the tensor cores, which keep fewer bits.
#include <cuda_bf16.h>
#include "tiles.cuh"

/** 16 x 8 results of 32 columns: 4 bytes a register, in the places where f16 has its pairs. */
__device__ void multiply(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

struct Fp8 {
  static constexpr float SCALE = 1;

  static __device__ void multiply(float (&part)[WN / 8][4], const unsigned (&fa)[4], const unsigned (&fb)[WN / 16][4]) {
#pragma unroll
    for (int j = 0; j < WN / 8; j++) ::multiply(part[j], fa, fb[j / 2][j % 2 * 2], fb[j / 2][j % 2 * 2 + 1]);
  }
};

extern "C" __global__ void __launch_bounds__(THREADS)
fp8_gemm(const unsigned char* __restrict__ a, const float* __restrict__ a_scale, const unsigned char* __restrict__ b, const float* __restrict__ b_scale,
         __nv_bfloat16* __restrict__ c, int m, int n, int k) {
  multiply_tiles<Fp8>(a, a_scale, b, b_scale, c, m, n, k);
}
