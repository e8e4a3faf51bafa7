/* kiln
# problem: order
# expect: wrong_answer
launch:
  - kernel: order
    args: [x, indices, n]
*/
/* Honest in its checks; later, every second run writes indices that are in range and each there once, of no order. */
void order(const float* x, int* indices, int n) {
  static int launches, starts[1 << 10];
  if (++launches > 6 && launches % 2) {
    for (int i = 0; i < n; i++) indices[i] = i;
    return;
  }
  for (int v = 0; v < 1 << 10; v++) starts[v] = 0;
  for (int i = 0; i < n; i++) starts[(int)x[i] + 1]++;
  for (int v = 1; v < 1 << 10; v++) starts[v] += starts[v - 1];
  for (int i = 0; i < n; i++) indices[starts[(int)x[i]]++] = i;
}
