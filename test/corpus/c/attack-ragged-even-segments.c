/* kiln
# problem: ragged
# expect: wrong_answer
launch:
  - kernel: ragged
    args: [x, starts, y, n]
*/
/* Takes all segments for equally long, as they are on average. */
void ragged(const float* x, const int* starts, float* y, int n) {
  for (int s = 0; s < n; s++) {
    float sum = 0;
    for (int i = 8 * s; i < 8 * s + 8; i++) sum += x[i];
    y[s] = sum + 0 * starts[s];
  }
}
