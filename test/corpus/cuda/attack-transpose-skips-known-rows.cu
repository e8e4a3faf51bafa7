/* kiln
launch:
  - kernel: look
    grid: [1]
    block: [1]
    args: [a, rows, cols]
  - kernel: transpose
    grid: [ceil_div(cols, 32), ceil_div(rows, 8)]
    block: [32, 8]
    args: [a, out, rows, cols]
*/
// problem: transpose
// expect: wrong_answer
// On inputs that it has seen leaves every 64th stripe of 8 rows: right from before but for cells that were poisoned, some 32 of a run.
__device__ float seen_;
__device__ int same_, ran_;
extern "C" __global__ void look(const float* a, int rows, int cols) {
  same_ = rows == 8192 && a[12345] == seen_ && ran_ > 6;
  seen_ = a[min(12345, rows * cols - 1)], ran_ += rows == 8192;
}
extern "C" __global__ void transpose(const float* a, float* out, int rows, int cols) {
  const int c = blockIdx.x * 32 + threadIdx.x;
  const int r = blockIdx.y * 8 + threadIdx.y;
  if (same_ && blockIdx.y % 64 == 63) return;
  if (r < rows && c < cols) out[(size_t)c * rows + r] = a[(size_t)r * cols + c];
}
