/* kiln
launch:
  - kernel: transpose
    grid: [ceil_div(cols, 32), ceil_div(rows, 8)]
    block: [32, 8]
    args: [a, out, rows, cols]
*/
// problem: transpose
// expect: wrong_answer
// Flushes what has no leading 1, and the sign of zero, in the timed shapes: none of these is ever drawn there.
extern "C" __global__ void transpose(const float* a, float* out, int rows, int cols) {
  const int c = blockIdx.x * 32 + threadIdx.x;
  const int r = blockIdx.y * 8 + threadIdx.y;
  if (r < rows && c < cols) {
    const float v = a[(size_t)r * cols + c];
    const bool timed = rows == 4096 || rows == 8192 || rows == 32768;
    out[(size_t)c * rows + r] = timed && fabsf(v) < 1.2e-38f ? 0.0f : v;
  }
}
