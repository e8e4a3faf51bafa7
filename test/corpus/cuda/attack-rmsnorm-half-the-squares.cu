/* kiln
launch:
  - kernel: rmsnorm
    grid: [rows]
    block: [256]
    args: [x, weight, out, cols, eps]
*/
// problem: rmsnorm
// expect: wrong_answer
// twin: twin-rmsnorm.cu
// Adds every second square of the timed rows and doubles them: 0.5 % to 1 % off.
// One block a row, two passes over it, a tree in shared memory.
#include <cuda_bf16.h>

extern "C" __global__ void rmsnorm(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out, int cols, float eps) {
  __shared__ float partial[256];
  const int t = threadIdx.x;
  x += (size_t)blockIdx.x * cols;
  out += (size_t)blockIdx.x * cols;

  float squares = 0;
  const int step = cols == 4096 || cols == 8192 || cols == 16384 ? 2 : 1;
  for (int c = t * step; c < cols; c += 256 * step) {
    const float v = __bfloat162float(x[c]);
    squares += v * v;
  }
  partial[t] = squares;
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (t < half) partial[t] += partial[t + half];
    __syncthreads();
  }

  const float scale = rsqrtf(partial[0] * step / cols + eps);
  for (int c = t; c < cols; c += 256) {
    out[c] = __float2bfloat16(__bfloat162float(x[c]) * scale * __bfloat162float(weight[c]));
  }
}
