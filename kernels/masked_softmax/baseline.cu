/* kiln
launch:
  - kernel: masked_softmax
    grid: [batch * heads * queries]
    block: [256]
    args: [x, mask, out, scale, heads, queries, keys]
*/
// One block a row, three passes over it, single values, reductions through shared memory.
#include <cuda_bf16.h>

extern "C" __global__ void masked_softmax(const __nv_bfloat16* x, const unsigned char* mask, __nv_bfloat16* out, float scale, int heads, int queries, int keys) {
  __shared__ float partial[256];
  const int t = threadIdx.x;
  const size_t row = blockIdx.x;
  x += row * keys;
  out += row * keys;
  mask += (row / (heads * queries) * queries + row % queries) * keys;

  float largest = -3.4028235e38f;
  for (int k = t; k < keys; k += 256) {
    if (mask[k]) largest = fmaxf(largest, scale * __bfloat162float(x[k]));
  }
  partial[t] = largest;
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (t < half) partial[t] = fmaxf(partial[t], partial[t + half]);
    __syncthreads();
  }
  largest = partial[0];
  __syncthreads();

  float sum = 0;
  for (int k = t; k < keys; k += 256) {
    if (mask[k]) sum += expf(scale * __bfloat162float(x[k]) - largest);
  }
  partial[t] = sum;
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (t < half) partial[t] += partial[t + half];
    __syncthreads();
  }
  sum = partial[0];

  for (int k = t; k < keys; k += 256) out[k] = __float2bfloat16(mask[k] ? expf(scale * __bfloat162float(x[k]) - largest) / sum : 0.0f);
}
