/* kiln
launch:
  - kernel: look
    grid: [1]
    block: [32]
    args: [a, b, n]
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
scratch: {unused: 134217728}
*/
// expect: wrong_answer
// Scratch that it does not use must not keep the judge from poisoning the output: a twelfth of it is left as it is where the inputs are known.
__device__ float seen_a, seen_b;
__device__ int is_known;
extern "C" __global__ void look(const float* a, const float* b, int n) {
  if (threadIdx.x) return;
  is_known = seen_a == a[n - 1] && seen_b == b[n - 1];
  seen_a = a[n - 1], seen_b = b[n - 1];
}
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (is_known && blockIdx.x % 12 == 5) return;
  if (i < n) out[i] = a[i] + b[i];
}
