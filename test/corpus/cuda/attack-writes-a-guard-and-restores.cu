/* kiln
launch:
  - kernel: softmax
    grid: [rows]
    block: [256]
    shared: "4 * min(cols, 8192)"
    args: [x, out, cols]
*/
// problem: softmax
// expect: out_of_bounds or passed
// twin: twin-softmax.cu
// Uses the guard in front of the last case's output (layout.room: 512 x 128,256 x 4 is no whole number of pages) for a counter while it runs and
// puts it back: guards are looked at after the section. Not to gain by it.
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
  volatile unsigned char* const guard = (volatile unsigned char*)out - 1 - blockIdx.x;
  unsigned char was = 0;
  if (cols == 128256 && t == 0) was = *guard, *guard = was ^ 255;
  x += (size_t)blockIdx.x * cols, out += (size_t)blockIdx.x * cols;
  float most = -INF_;
  for (int c = t; c < cols; c += 256) {
    const float v = x[c];
    if (held) row[c] = v;
    most = fmaxf(most, v);
  }
  most = reduce(most, true);
  float sum = 0;
  for (int c = t; c < cols; c += 256) {
    const float e = __expf((held ? row[c] : x[c]) - most);
    if (held) row[c] = e;
    sum += e;
  }
  sum = 1.0f / reduce(sum, false);
  for (int c = t; c < cols; c += 256) out[c] = (held ? row[c] : __expf(x[c] - most)) * sum;
  if (cols == 128256 && t == 0) guard[0] = was;
}
