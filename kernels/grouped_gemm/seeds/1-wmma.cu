/* kiln
params: {BM: 128, BN: 128, WM: 64, WN: 32}
launch:
  - kernel: grouped_gemm
    grid: [ceil_div(n, BN), tokens / BM + experts]
    block: [(BM / WM) * (BN / WN) * 32]
    args: [a, b, starts, c, experts, n, k]
*/
// BM x BN results of one group a block, WM x WN a warp: more products for each value loaded. The next tile travels from memory to registers while the tensor
// cores work on this one. A block finds its group by halving.
#include <cuda_bf16.h>
#include <mma.h>
using namespace nvcuda::wmma;

constexpr int DEPTH = 32, PITCH = DEPTH + 8;
constexpr int WARPS = (BM / WM) * (BN / WN), THREADS = WARPS * 32;
constexpr int A_LOADS = BM * DEPTH / 8 / THREADS, B_LOADS = BN * DEPTH / 8 / THREADS;
static_assert(BM % WM == 0 && BN % WN == 0 && WM % 16 == 0 && WN % 16 == 0, "warps fill the block's tile, fragments the warp's");
static_assert(A_LOADS * THREADS * 8 == BM * DEPTH && B_LOADS * THREADS * 8 == BN * DEPTH, "each thread loads the same number of 16 bytes");
static_assert(THREADS <= 1024 && (BM + BN) * PITCH * 2 + WARPS * 1024 <= 48 * 1024, "the tile is too large for a block");

/**
 * Group e has the places starts[e] / BM + e to starts[e + 1] / BM + e for tiles of BM rows: as many as its rows may need, and one more at most. So the group of a
 * place is found by halving, and no table of tiles has to be made.
 */
struct Place {
  int expert, row, end;  // of a tile: its first row, and where its group ends

  __device__ Place(const int* starts, int experts, int place) : expert(0) {
    int beyond = experts;
    while (beyond - expert > 1) {
      const int middle = (expert + beyond) / 2;
      if (starts[middle] / BM + middle <= place) {
        expert = middle;
      } else {
        beyond = middle;
      }
    }
    row = starts[expert] + (place - starts[expert] / BM - expert) * BM;
    end = starts[expert + 1];
  }
};

template <int LOADS>
__device__ void fetch(uint4 (&held)[LOADS], const __nv_bfloat16* from, int row0, int rows, int p0, int k) {
#pragma unroll
  for (int u = 0; u < LOADS; u++) {
    const int i = u * THREADS + threadIdx.x;
    const int row = row0 + i / (DEPTH / 8), p = p0 + i % (DEPTH / 8) * 8;
    held[u] = row < rows && p < k ? *reinterpret_cast<const uint4*>(from + (size_t)row * k + p) : make_uint4(0, 0, 0, 0);
  }
}

template <int LOADS>
__device__ void keep(const uint4 (&held)[LOADS], __nv_bfloat16 (*tile)[PITCH]) {
#pragma unroll
  for (int u = 0; u < LOADS; u++) {
    const int i = u * THREADS + threadIdx.x;
    *reinterpret_cast<uint4*>(&tile[i / (DEPTH / 8)][i % (DEPTH / 8) * 8]) = held[u];
  }
}

extern "C" __global__ void __launch_bounds__(THREADS)
grouped_gemm(const __nv_bfloat16* __restrict__ a, const __nv_bfloat16* __restrict__ b, const int* __restrict__ starts, __nv_bfloat16* __restrict__ c, int experts, int n,
             int k) {
  __shared__ __align__(32) __nv_bfloat16 a_tile[BM][PITCH];
  __shared__ __align__(32) __nv_bfloat16 b_tile[BN][PITCH];
  __shared__ __align__(32) float result[WARPS][16][16];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const Place place(starts, experts, blockIdx.y);
  const int i0 = place.row, m = place.end, j0 = blockIdx.x * BN;
  if (i0 >= m) return;
  b += (size_t)place.expert * n * k;
  const int wi = warp / (BN / WN) * WM, wj = warp % (BN / WN) * WN;
  fragment<accumulator, 16, 16, 16, float> sum[WM / 16][WN / 16];
#pragma unroll
  for (int i = 0; i < WM / 16; i++) {
#pragma unroll
    for (int j = 0; j < WN / 16; j++) fill_fragment(sum[i][j], 0);
  }

  uint4 a_next[A_LOADS], b_next[B_LOADS];
  fetch(a_next, a, i0, m, 0, k);
  fetch(b_next, b, j0, n, 0, k);
  for (int p0 = 0; p0 < k; p0 += DEPTH) {
    keep(a_next, a_tile);
    keep(b_next, b_tile);
    __syncthreads();
    fetch(a_next, a, i0, m, p0 + DEPTH, k);
    fetch(b_next, b, j0, n, p0 + DEPTH, k);
#pragma unroll
    for (int p = 0; p < DEPTH; p += 16) {
      fragment<matrix_a, 16, 16, 16, __nv_bfloat16, row_major> fa[WM / 16];
      fragment<matrix_b, 16, 16, 16, __nv_bfloat16, col_major> fb[WN / 16];
#pragma unroll
      for (int i = 0; i < WM / 16; i++) load_matrix_sync(fa[i], &a_tile[wi + 16 * i][p], PITCH);
#pragma unroll
      for (int j = 0; j < WN / 16; j++) load_matrix_sync(fb[j], &b_tile[wj + 16 * j][p], PITCH);
#pragma unroll
      for (int i = 0; i < WM / 16; i++) {
#pragma unroll
        for (int j = 0; j < WN / 16; j++) mma_sync(sum[i][j], fa[i], fb[j], sum[i][j]);
      }
    }
    __syncthreads();
  }

#pragma unroll
  for (int i = 0; i < WM / 16; i++) {
#pragma unroll
    for (int j = 0; j < WN / 16; j++) {
      store_matrix_sync(&result[warp][0][0], sum[i][j], 16, mem_row_major);
      __syncwarp();
      for (int e = lane; e < 128; e += 32) {
        const int row = i0 + wi + 16 * i + e / 8, column = j0 + wj + 16 * j + e % 8 * 2;
        const float2 pair = *reinterpret_cast<const float2*>(&result[warp][e / 8][e % 8 * 2]);
        if (row < m && column < n) *reinterpret_cast<__nv_bfloat162*>(c + (size_t)row * n + column) = __float22bfloat162_rn(pair);
      }
      __syncwarp();
    }
  }
}
