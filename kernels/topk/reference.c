/* kiln
launch:
  - kernel: topk_reference
    args: [x, values, indices, rows, cols, k]
*/
// One after the other: the first of the largest among those that come behind the one before, in the order of values, largest first, and columns.
void topk_reference(const float* x, float* values, int* indices, int rows, int cols, int k) {
  for (long r = 0; r < rows; r++) {
    const float* row = x + r * cols;
    for (long i = 0; i < k; i++) {
      const int before = i == 0 ? -1 : indices[r * k + i - 1];
      int best = -1;
      for (int c = 0; c < cols; c++) {
        const int is_left = before < 0 || row[c] < row[before] || (row[c] == row[before] && c > before);
        if (is_left && (best < 0 || row[c] > row[best])) best = c;
      }
      values[r * k + i] = row[best];
      indices[r * k + i] = best;
    }
  }
}
