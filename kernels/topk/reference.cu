/* kiln
launch:
  - kernel: topk_reference
    grid: [rows]
    block: [256]
    args: [x, values, indices, cols, k]
*/
// One after the other: the first of the largest among those that come behind the one before, in the order of values, largest first, and columns.
__device__ bool comes_before(float v, int c, float w, int d) { return v > w || (v == w && c < d); }

extern "C" __global__ void topk_reference(const float* x, float* values, int* indices, int cols, int k) {
  __shared__ float best_value[256];
  __shared__ int best_column[256];
  const int t = threadIdx.x;
  x += (size_t)blockIdx.x * cols;
  values += (size_t)blockIdx.x * k;
  indices += (size_t)blockIdx.x * k;
  float last_value = 0;
  int last_column = -1;
  for (int i = 0; i < k; i++) {
    float value = 0;
    int column = -1;
    for (int c = t; c < cols; c += 256) {
      const bool is_left = last_column < 0 || comes_before(last_value, last_column, x[c], c);
      if (!is_left || (column >= 0 && !comes_before(x[c], c, value, column))) continue;
      value = x[c];
      column = c;
    }
    best_value[t] = value;
    best_column[t] = column;
    __syncthreads();
    for (int half = 128; half > 0; half /= 2) {
      const int other = t + half;
      if (t < half && best_column[other] >= 0 &&
          (best_column[t] < 0 || comes_before(best_value[other], best_column[other], best_value[t], best_column[t]))) {
        best_value[t] = best_value[other];
        best_column[t] = best_column[other];
      }
      __syncthreads();
    }
    last_value = best_value[0];
    last_column = best_column[0];
    if (t == 0) {
      values[i] = last_value;
      indices[i] = last_column;
    }
    __syncthreads();
  }
}
