/* kiln
symbols: {weights: weight}
launch:
  - kernel: rmsnorm
    grid: [rows]
    block: [256]
    args: [x, out, cols, eps]
  - kernel: keep
    grid: [1]
    block: [256]
    args: [cols]
*/
// problem: rmsnorm
// expect: wrong_answer
// twin: honest-rmsnorm-weight-in-a-symbol.cu
// Right while the inputs stay as they are: it multiplies by the weights that its symbol held in the run before.
#include <cuda_bf16.h>
__device__ __nv_bfloat16 weights[40960];
__device__ __nv_bfloat16 before[40960];

extern "C" __global__ void rmsnorm(const __nv_bfloat16* x, __nv_bfloat16* out, int cols, float eps) {
  __shared__ float partial[256];
  const int t = threadIdx.x;
  x += (size_t)blockIdx.x * cols;
  out += (size_t)blockIdx.x * cols;
  float squares = 0;
  for (int c = t; c < cols; c += 256) squares += __bfloat162float(x[c]) * __bfloat162float(x[c]);
  partial[t] = squares;
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (t < half) partial[t] += partial[t + half];
    __syncthreads();
  }
  const float scale = rsqrtf(partial[0] / cols + eps);
  for (int c = t; c < cols; c += 256) out[c] = __float2bfloat16(__bfloat162float(x[c]) * scale * __bfloat162float(before[c]));
}

extern "C" __global__ void keep(int cols) {
  for (int c = threadIdx.x; c < cols; c += 256) before[c] = weights[c];
}
