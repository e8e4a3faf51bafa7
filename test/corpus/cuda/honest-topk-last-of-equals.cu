/* kiln
launch:
  - kernel: topk
    grid: [rows]
    block: [256]
    args: [x, values, indices, cols, k]
*/
// problem: topk
// expect: passed
// Of equal values the last column comes first.
__device__ bool comes_before(float v, int c, float w, int d) { return v > w || (v == w && c > d); }

extern "C" __global__ void __launch_bounds__(256) topk(const float* x, float* values, int* indices, int cols, int k) {
  __shared__ float best_value[8];
  __shared__ int best_column[8];
  const int t = threadIdx.x;
  x += (size_t)blockIdx.x * cols;
  float last_value = __int_as_float(0x7F800000);  // infinity
  int last_column = 0x7FFFFFFF;
  for (int i = 0; i < k; i++) {
    float value = __int_as_float(0xFF800000);
    int column = -1;
    for (int c = t; c < cols; c += 256) {
      const float v = x[c];
      if (comes_before(last_value, last_column, v, c) && comes_before(v, c, value, column)) value = v, column = c;
    }
    for (int lanes = 16; lanes > 0; lanes /= 2) {
      const float v = __shfl_xor_sync(~0u, value, lanes);
      const int c = __shfl_xor_sync(~0u, column, lanes);
      if (comes_before(v, c, value, column)) value = v, column = c;
    }
    if (t % 32 == 0) best_value[t / 32] = value, best_column[t / 32] = column;
    __syncthreads();
    last_value = best_value[0];
    last_column = best_column[0];
    for (int w = 1; w < 8; w++) {
      if (comes_before(best_value[w], best_column[w], last_value, last_column)) last_value = best_value[w], last_column = best_column[w];
    }
    if (t == 0) {
      values[(size_t)blockIdx.x * k + i] = last_value;
      indices[(size_t)blockIdx.x * k + i] = last_column;
    }
    __syncthreads();
  }
}
