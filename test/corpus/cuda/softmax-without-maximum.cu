/* kiln
launch:
  - kernel: softmax
    grid: [rows]
    block: [256]
    shared: "4 * min(cols, 8192)"
    args: [x, out, cols]
*/
// problem: softmax
// expect: wrong_answer
// twin: twin-softmax.cu
// Never subtracts the maximum: overflows for logits above 88, which normal(0, 3) never draws (a hole of the problem's inputs).
__device__ __forceinline__ float add_up(float v) {
  __shared__ float part[8];
  for (int d = 16; d > 0; d /= 2) v += __shfl_xor_sync(~0u, v, d);
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
  __syncthreads();
  v = part[0];
  for (int w = 1; w < 8; w++) v += part[w];
  return v;
}
extern "C" __global__ void __launch_bounds__(256) softmax(const float* x, float* out, int cols) {
  extern __shared__ float row[];
  const bool held = cols <= 8192;
  x += (size_t)blockIdx.x * cols, out += (size_t)blockIdx.x * cols;
  float sum = 0;
  for (int c = threadIdx.x; c < cols; c += 256) {
    const float e = __expf(x[c]);
    if (held) row[c] = e;
    sum += e;
  }
  sum = 1.0f / add_up(sum);
  for (int c = threadIdx.x; c < cols; c += 256) out[c] = (held ? row[c] : __expf(x[c])) * sum;
}
