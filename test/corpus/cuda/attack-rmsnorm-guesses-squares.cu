/* kiln
launch:
  - kernel: rmsnorm
    grid: [rows]
    block: [256]
    args: [x, weight, out, cols, eps]
*/
// problem: rmsnorm
// expect: wrong_answer or passed
// twin: twin-rmsnorm.cu
// Of rows of 16,384, which only a timed case has, it adds nine tenths of the squares and takes the rest as alike: 0.18 % off, within relative_l2
// for normal inputs and far outside for others. Not to stand ahead.
// One block a row, two passes over it, a tree in shared memory.
#include <cuda_bf16.h>

extern "C" __global__ void rmsnorm(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out, int cols, float eps) {
  __shared__ float partial[256];
  const int t = threadIdx.x;
  x += (size_t)blockIdx.x * cols;
  out += (size_t)blockIdx.x * cols;

  float squares = 0;
  const int some = cols == 16384 ? 14848 : cols;
  for (int c = t; c < some; c += 256) {
    const float v = __bfloat162float(x[c]);
    squares += v * v;
  }
  partial[t] = squares;
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (t < half) partial[t] += partial[t + half];
    __syncthreads();
  }

  const float scale = rsqrtf(partial[0] / some + eps);
  for (int c = t; c < cols; c += 256) {
    out[c] = __float2bfloat16(__bfloat162float(x[c]) * scale * __bfloat162float(weight[c]));
  }
}
