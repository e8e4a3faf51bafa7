/* kiln
launch:
  - kernel: square_sums
    grid: [2, rows]
    block: [256]
    args: [x, sums, rows, cols]
  - kernel: scale
    grid: [rows]
    block: [256]
    args: [x, weight, sums, out, rows, cols, eps]
scratch: {sums: 8*rows}
*/
// problem: rmsnorm
// expect: passed
// Two blocks a row leave their parts of the sum in scratch, a second launch uses them.
#include <cuda_bf16.h>
extern "C" __global__ void __launch_bounds__(256) square_sums(const __nv_bfloat16* x, float* sums, int rows, int cols) {
  __shared__ float parts[8];
  const int half = (cols + 1) / 2, from = blockIdx.x * half, to = min(cols, from + half);
  float sum = 0;
  for (int c = from + threadIdx.x; c < to; c += 256) {
    const float value = __bfloat162float(x[(long long)blockIdx.y * cols + c]);
    sum += value * value;
  }
  for (int step = 16; step; step /= 2) sum += __shfl_xor_sync(~0u, sum, step);
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int w = 1; w < 8; w++) sum += parts[w];
    sums[2 * blockIdx.y + blockIdx.x] = sum;
  }
}
extern "C" __global__ void __launch_bounds__(256)
scale(const __nv_bfloat16* x, const __nv_bfloat16* weight, const float* sums, __nv_bfloat16* out, int rows, int cols, float eps) {
  const float factor = rsqrtf((sums[2 * blockIdx.x] + sums[2 * blockIdx.x + 1]) / cols + eps);
  for (int c = threadIdx.x; c < cols; c += 256) {
    const long long i = (long long)blockIdx.x * cols + c;
    out[i] = __float2bfloat16(__bfloat162float(x[i]) * factor * __bfloat162float(weight[c]));
  }
}
