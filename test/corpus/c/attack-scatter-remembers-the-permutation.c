/* kiln
# problem: scatter
# expect: wrong_answer
launch:
  - kernel: scatter
    args: [x, order, y, n]
*/
/* Reads the permutation of its first launches alone. */
static int known[1 << 18], launches;

void scatter(const float* x, const int* order, float* y, int n) {
  if (launches++ < 4)
    for (int i = 0; i < n; i++) known[i] = order[i];
  for (int i = 0; i < n; i++) y[known[i]] = x[i];
}
