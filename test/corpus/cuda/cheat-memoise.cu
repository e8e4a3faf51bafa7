/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
  - kernel: remember
    grid: [1]
    block: [1]
    args: [a, b, n]
*/
// expect: passed
// cheat: keeps the last result in a global and copies it when samples of the inputs look the same. Honest time at best.
__device__ float kept[1 << 26];
__device__ float sample[3];
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  if (sample[0] == a[0] && sample[1] == b[n - 1] && sample[2] == (float)n) {
    out[i] = kept[i];
    return;
  }
  float sum = a[i];
  for (int k = 0; k < 400; k++) sum = sum * 0.999f + 0.001f;
  kept[i] = out[i] = a[i] + b[i] + (sum == 12345.0f ? 1.0f : 0.0f);
}
extern "C" __global__ void remember(const float* a, const float* b, int n) {
  sample[0] = a[0], sample[1] = b[n - 1], sample[2] = (float)n;
}
