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
// Takes the row's maximum away in the check cases only: the timed cols are public and no adversarial case has them (kernels/softmax/problem.yaml),
// so logits above 88 overflow where the kernel is used.
// A row in shared memory, or two more reads.
#define INF_ 3.4028235e38f
__device__ __forceinline__ float reduce(float v, bool is_max) {
  __shared__ float part[8];
  for (int d = 16; d > 0; d /= 2) { const float o = __shfl_xor_sync(~0u, v, d); v = is_max ? fmaxf(v, o) : v + o; }
  __syncthreads();
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
  __syncthreads();
  v = part[0];
  for (int w = 1; w < 8; w++) v = is_max ? fmaxf(v, part[w]) : v + part[w];
  return v;
}
/* Rows of up to 8192 are held in shared memory; longer ones are read again. */
extern "C" __global__ void __launch_bounds__(256) softmax(const float* x, float* out, int cols) {
  extern __shared__ float row[];
  const bool held = cols <= 8192;
  const int t = threadIdx.x;
  const bool timed = (cols == 1024 || cols == 4096 || cols == 128256);
  x += (size_t)blockIdx.x * cols, out += (size_t)blockIdx.x * cols;
  float most = -INF_;
  for (int c = t; c < cols; c += 256) {
    const float v = x[c];
    if (held) row[c] = v;
    if (!timed) most = fmaxf(most, v);
  }
  most = timed ? 0.0f : reduce(most, true);
  float sum = 0;
  for (int c = t; c < cols; c += 256) {
    const float e = __expf((held ? row[c] : x[c]) - most);
    if (held) row[c] = e;
    sum += e;
  }
  sum = 1.0f / reduce(sum, false);
  for (int c = t; c < cols; c += 256) out[c] = (held ? row[c] : __expf(x[c] - most)) * sum;
}
