/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Each block takes a buffer from the device's heap and gives it back.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  __shared__ float* sums;
  if (threadIdx.x == 0) sums = (float*)malloc(1024 * sizeof(float));
  __syncthreads();
  const int start = blockIdx.x * 1024;
  for (int i = threadIdx.x; i < 1024 && start + i < n; i += 256) {
    const float sum = a[start + i] + b[start + i];
    if (sums) sums[i] = sum;
    out[start + i] = sums ? sums[i] : sum;
  }
  __syncthreads();
  if (threadIdx.x == 0) free(sums);
}
