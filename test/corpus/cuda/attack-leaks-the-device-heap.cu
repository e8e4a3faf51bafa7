/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// twin: twin-vector-add.cu
// Takes from the device heap and never gives back: the next candidate finds none left, unless the judge is retired.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
  if (i < 64 && n == 4194304) {
    int* p = (int*)malloc(65536);
    if (p) *p = i;
  }
}
