/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// Saying that the buffers do not overlap lets the compiler use vector instructions without a test at run time.
void vector_add(const float* restrict a, const float* restrict b, float* restrict out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
}
