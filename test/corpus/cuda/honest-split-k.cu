/* kiln
launch:
  - kernel: clear
    grid: ["ceil_div(m*n, 256)"]
    block: [256]
    args: [sums, m, n]
  - kernel: partial
    grid: ["ceil_div(n, 32)", "ceil_div(m, 32)", "min(4, ceil_div(k, 8))"]
    block: [32, 8]
    args: [a, b, sums, m, n, k]
  - kernel: convert
    grid: ["ceil_div(m*n, 256)"]
    block: [256]
    args: [sums, c, m, n]
scratch: {sums: 4*m*n}
*/
// problem: matmul
// expect: passed
// Split-k: four parts of each sum meet by atomics in f32, in whatever order; the last bit differs from run to run.
#include <cuda_fp16.h>
extern "C" __global__ void clear(float* sums, int m, int n) {
  const long long i = blockIdx.x * 256ll + threadIdx.x;
  if (i < (long long)m * n) sums[i] = 0;
}
extern "C" __global__ void __launch_bounds__(256) partial(const __half* a, const __half* b, float* sums, int m, int n, int k) {
  __shared__ float left[32][33], right[32][33];
  const int row0 = blockIdx.y * 32, column0 = blockIdx.x * 32;
  const int share = (k + gridDim.z - 1) / gridDim.z, from = blockIdx.z * share, to = min(k, from + share);
  float sum[4] = {};
  for (int p0 = from; p0 < to; p0 += 32) {
    for (int r = threadIdx.y; r < 32; r += 8) {
      const int p = p0 + threadIdx.x;
      left[r][threadIdx.x] = row0 + r < m && p < to ? __half2float(a[(long long)(row0 + r) * k + p]) : 0;
      right[r][threadIdx.x] = column0 + r < n && p < to ? __half2float(b[(long long)(column0 + r) * k + p]) : 0;
    }
    __syncthreads();
    for (int p = 0; p < 32; p++)
      for (int r = 0; r < 4; r++) sum[r] += left[threadIdx.y + 8 * r][p] * right[threadIdx.x][p];
    __syncthreads();
  }
  const int j = column0 + threadIdx.x;
  for (int r = 0; r < 4; r++) {
    const int i = row0 + threadIdx.y + 8 * r;
    if (i < m && j < n) atomicAdd(&sums[(long long)i * n + j], sum[r]);
  }
}
extern "C" __global__ void convert(const float* sums, __half* c, int m, int n) {
  const long long i = blockIdx.x * 256ll + threadIdx.x;
  if (i < (long long)m * n) c[i] = __float2half(sums[i]);
}
