/* kiln
launch:
  - kernel: transpose_reference
    grid: [ceil_div(cols, 32), ceil_div(rows, 8)]
    block: [32, 8]
    args: [a, out, rows, cols]
*/
extern "C" __global__ void transpose_reference(const float* a, float* out, int rows, int cols) {
  const int c = blockIdx.x * 32 + threadIdx.x;
  const int r = blockIdx.y * 8 + threadIdx.y;
  if (r < rows && c < cols) out[(size_t)c * rows + r] = a[(size_t)r * cols + c];
}
