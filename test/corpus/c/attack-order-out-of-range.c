/* kiln
# problem: order
# expect: wrong_answer
launch:
  - kernel: order
    args: [x, indices, n]
*/
/* Indices that are right in their lower bits alone: whoever does not look at the range reads far away. */
void order(const float* x, int* indices, int n) {
  static int starts[1 << 10];
  for (int v = 0; v < 1 << 10; v++) starts[v] = 0;
  for (int i = 0; i < n; i++) starts[(int)x[i] + 1]++;
  for (int v = 1; v < 1 << 10; v++) starts[v] += starts[v - 1];
  for (int i = 0; i < n; i++) indices[starts[(int)x[i]]++] = i | 0x40000000;
}
