/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: plan_error
// The plan names a function that is not there.
void vector_sum(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
}
