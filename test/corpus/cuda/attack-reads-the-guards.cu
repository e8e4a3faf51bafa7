/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Reads the bytes between its input and the end of the page and adds what is never used: nothing is gained, guards hold no secret.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
  if (i == 0 && n == 1000003 && ((const volatile unsigned char*)(a + n))[8] == 256) out[0] = 0;
}
