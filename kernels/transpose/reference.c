/* kiln
launch:
  - kernel: transpose_reference
    args: [a, out, rows, cols]
*/
void transpose_reference(const float* a, float* out, int rows, int cols) {
  for (long r = 0; r < rows; r++) {
    for (long c = 0; c < cols; c++) out[c * rows + r] = a[r * cols + c];
  }
}
