/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// twin: twin-vector-add.cu
// Every 4,096th thread prints a line in each run: the buffer of the context overflows, and its reader takes time from the runs behind it.
extern "C" int printf(const char*, ...);
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
  if (i % 4096 == 7 && i < n) printf("kiln: passed %d %f\n", i, out[i]);
}
