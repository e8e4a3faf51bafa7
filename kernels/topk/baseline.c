/* kiln
launch:
  - kernel: topk
    args: [x, values, indices, rows, cols, k]
*/
// A list of the k largest so far, in order: what is larger than the last goes where it belongs, and the rest moves down.
void topk(const float* x, float* values, int* indices, int rows, int cols, int k) {
  for (long r = 0; r < rows; r++, values += k, indices += k) {
    int held = 0;
    for (int c = 0; c < cols; c++) {
      const float v = x[r * cols + c];
      if (held == k && !(v > values[k - 1])) continue;
      int at = held < k ? held++ : k - 1;
      for (; at > 0 && v > values[at - 1]; at--) {
        values[at] = values[at - 1];
        indices[at] = indices[at - 1];
      }
      values[at] = v;
      indices[at] = c;
    }
  }
}
