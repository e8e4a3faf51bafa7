/* kiln
# problem: order
# expect: wrong_answer
launch:
  - kernel: order
    args: [x, indices, n]
*/
/* Of equal elements the first one's index, again and again. */
void order(const float* x, int* indices, int n) {
  static int starts[1 << 10];
  for (int v = 0; v < 1 << 10; v++) starts[v] = 0;
  for (int i = 0; i < n; i++) starts[(int)x[i] + 1]++;
  for (int v = 1; v < 1 << 10; v++) starts[v] += starts[v - 1];
  static int first[1 << 10];
  for (int i = n; i-- > 0;) first[(int)x[i]] = i;
  for (int i = 0; i < n; i++) indices[starts[(int)x[i]]++] = first[(int)x[i]];
}
