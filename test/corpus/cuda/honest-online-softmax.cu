/* kiln
launch:
  - kernel: softmax
    grid: [rows]
    block: [256]
    args: [x, out, rows, cols]
*/
// problem: softmax
// expect: passed
// Maximum and sum in one pass: the sum is scaled again whenever a larger maximum is met.
__device__ __forceinline__ void merge(float& top, float& sum, float other_top, float other_sum) {
  const float both = fmaxf(top, other_top);
  sum = (sum == 0 ? 0 : sum * __expf(top - both)) + (other_sum == 0 ? 0 : other_sum * __expf(other_top - both));
  top = both;
}
extern "C" __global__ void __launch_bounds__(256) softmax(const float* x, float* out, int rows, int cols) {
  __shared__ float tops[8], sums[8];
  const float* row = x + (long long)blockIdx.x * cols;
  float top = __int_as_float(0xff800000), sum = 0;
  for (int c = threadIdx.x; c < cols; c += 256) merge(top, sum, row[c], 1);
  for (int step = 16; step; step /= 2)
    merge(top, sum, __shfl_xor_sync(~0u, top, step), __shfl_xor_sync(~0u, sum, step));
  if (threadIdx.x % 32 == 0) tops[threadIdx.x / 32] = top, sums[threadIdx.x / 32] = sum;
  __syncthreads();
  top = tops[0], sum = sums[0];
  for (int w = 1; w < 8; w++) merge(top, sum, tops[w], sums[w]);
  for (int c = threadIdx.x; c < cols; c += 256) out[(long long)blockIdx.x * cols + c] = __expf(row[c] - top) / sum;
}
