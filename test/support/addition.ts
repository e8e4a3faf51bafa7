/** A correct candidate of vector_add; each index is code of its own. */
export const addition = (index: number): string => `/* kiln
params: {INDEX: ${index}}
launch:
  - {kernel: add, grid: [ceil_div(n, 256)], block: [256], args: [a, b, out, n]}
*/
extern "C" __global__ void add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
`;
