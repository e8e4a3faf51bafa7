/* kiln
launch:
  - kernel: matmul_reference
    args: [a, b, c, m, n, k]
*/
// A product of two f16 values is exact in f32. Sums in double, rounded to f16 once.
void matmul_reference(const _Float16* a, const _Float16* b, _Float16* c, int m, int n, int k) {
  for (long i = 0; i < m; i++) {
    for (long j = 0; j < n; j++) {
      double sum = 0;
      for (long p = 0; p < k; p++) sum += (float)a[i * k + p] * (float)b[j * k + p];
      c[i * n + j] = (_Float16)(float)sum;
    }
  }
}
