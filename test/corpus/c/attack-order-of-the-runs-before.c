/* kiln
# problem: order
# expect: wrong_answer
launch:
  - kernel: order
    args: [x, indices, n]
*/
/* Gives the order of an earlier input, whose indices are all in range and each there once. */
void order(const float* x, int* indices, int n) {
  static int starts[1 << 10];
  for (int v = 0; v < 1 << 10; v++) starts[v] = 0;
  for (int i = 0; i < n; i++) starts[(int)x[i] + 1]++;
  for (int v = 1; v < 1 << 10; v++) starts[v] += starts[v - 1];
  static int old[1 << 18], had;
  if (had != n)
    for (int i = 0; i < n; i++) old[starts[(int)x[i]]++] = i;
  had = n;
  for (int i = 0; i < n; i++) indices[i] = old[i];
}
