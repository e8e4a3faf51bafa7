/* kiln
launch:
  - kernel: dx_reference
    grid: [rows]
    block: [256]
    args: [dy, x, weight, mean, rstd, dx, cols]
  - kernel: dweight_reference
    grid: [ceil_div(cols, 32)]
    block: [32, 32]
    args: [dy, x, mean, rstd, dweight, dbias, rows, cols]
*/
// A block a row for dx, 32 columns a block for the gradients of the parameters; sums in double.
#include <cuda_bf16.h>

__device__ double normalised(__nv_bfloat16 x, float mean, float rstd) { return ((double)__bfloat162float(x) - mean) * rstd; }

extern "C" __global__ void dx_reference(const __nv_bfloat16* dy, const __nv_bfloat16* x, const __nv_bfloat16* weight, const float* mean,
                                        const float* rstd, __nv_bfloat16* dx, int cols) {
  __shared__ double partial[2][256];
  const int t = threadIdx.x;
  const size_t row = blockIdx.x, start = row * cols;

  double sum_g = 0, sum_gh = 0;
  for (int c = t; c < cols; c += 256) {
    const double g = (double)__bfloat162float(dy[start + c]) * __bfloat162float(weight[c]);
    sum_g += g;
    sum_gh += g * normalised(x[start + c], mean[row], rstd[row]);
  }
  partial[0][t] = sum_g;
  partial[1][t] = sum_gh;
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (t < half) {
      partial[0][t] += partial[0][t + half];
      partial[1][t] += partial[1][t + half];
    }
    __syncthreads();
  }

  const double mean_g = partial[0][0] / cols, mean_gh = partial[1][0] / cols;
  for (int c = t; c < cols; c += 256) {
    const double g = (double)__bfloat162float(dy[start + c]) * __bfloat162float(weight[c]);
    const double h = normalised(x[start + c], mean[row], rstd[row]);
    dx[start + c] = __float2bfloat16((float)(rstd[row] * (g - mean_g - h * mean_gh)));
  }
}

extern "C" __global__ void dweight_reference(const __nv_bfloat16* dy, const __nv_bfloat16* x, const float* mean, const float* rstd,
                                             float* dweight, float* dbias, int rows, int cols) {
  __shared__ double partial[2][32][32];
  const int tx = threadIdx.x, ty = threadIdx.y;
  const int c = blockIdx.x * 32 + tx;
  double sum_weight = 0, sum_bias = 0;
  if (c < cols) {
    for (int r = ty; r < rows; r += 32) {
      const double d = __bfloat162float(dy[(size_t)r * cols + c]);
      sum_weight += d * normalised(x[(size_t)r * cols + c], mean[r], rstd[r]);
      sum_bias += d;
    }
  }
  partial[0][ty][tx] = sum_weight;
  partial[1][ty][tx] = sum_bias;
  __syncthreads();
  for (int half = 16; half > 0; half /= 2) {
    if (ty < half) {
      partial[0][ty][tx] += partial[0][ty + half][tx];
      partial[1][ty][tx] += partial[1][ty + half][tx];
    }
    __syncthreads();
  }
  if (ty == 0 && c < cols) {
    dweight[c] = (float)partial[0][0][tx];
    dbias[c] = (float)partial[1][0][tx];
  }
}
