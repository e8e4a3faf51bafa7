/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Right while it is checked and in two of three timed runs: whoever looks at few outputs sees right ones.
static int launches;
void vector_add(const float* a, const float* b, float* out, int n) {
  if (launches++ > 6 && launches % 3 == 0) return;
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
}
