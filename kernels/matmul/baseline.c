/* kiln
launch:
  - kernel: matmul
    args: [a, b, c, m, n, k]
*/
void matmul(const _Float16* a, const _Float16* b, _Float16* c, int m, int n, int k) {
  for (long i = 0; i < m; i++) {
    for (long j = 0; j < n; j++) {
      float sum = 0;
      for (long p = 0; p < k; p++) sum += (float)a[i * k + p] * (float)b[j * k + p];
      c[i * n + j] = (_Float16)sum;
    }
  }
}
