/* kiln
launch:
  - kernel: softmax_reference
    grid: [rows]
    block: [256]
    args: [x, out, cols]
*/
// One block a row; sums in double.
extern "C" __global__ void softmax_reference(const float* x, float* out, int cols) {
  __shared__ double partial[256];
  const int t = threadIdx.x;
  x += (size_t)blockIdx.x * cols;
  out += (size_t)blockIdx.x * cols;

  double largest = -1e300;
  for (int c = t; c < cols; c += 256) largest = fmax(largest, (double)x[c]);
  partial[t] = largest;
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (t < half) partial[t] = fmax(partial[t], partial[t + half]);
    __syncthreads();
  }
  largest = partial[0];
  __syncthreads();

  double sum = 0;
  for (int c = t; c < cols; c += 256) sum += exp(x[c] - largest);
  partial[t] = sum;
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (t < half) partial[t] += partial[t + half];
    __syncthreads();
  }
  sum = partial[0];

  for (int c = t; c < cols; c += 256) out[c] = (float)(exp(x[c] - largest) / sum);
}
