/* kiln
launch:
  - kernel: softmax
    grid: [rows]
    block: [256]
    args: [x, out, cols]
*/
// One block a row, three passes over it, reductions through shared memory.
extern "C" __global__ void softmax(const float* x, float* out, int cols) {
  __shared__ float partial[256];
  const int t = threadIdx.x;
  x += (size_t)blockIdx.x * cols;
  out += (size_t)blockIdx.x * cols;

  float largest = -3.4028235e38f;
  for (int c = t; c < cols; c += 256) largest = fmaxf(largest, x[c]);
  partial[t] = largest;
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (t < half) partial[t] = fmaxf(partial[t], partial[t + half]);
    __syncthreads();
  }
  largest = partial[0];
  __syncthreads();

  float sum = 0;
  for (int c = t; c < cols; c += 256) sum += expf(x[c] - largest);
  partial[t] = sum;
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (t < half) partial[t] += partial[t + half];
    __syncthreads();
  }
  sum = partial[0];

  for (int c = t; c < cols; c += 256) out[c] = expf(x[c] - largest) / sum;
}
