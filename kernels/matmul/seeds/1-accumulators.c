/* kiln
params: {ACCUMULATORS: 16}
space: {ACCUMULATORS: [4, 8, 16, 32, 64]}
launch:
  - kernel: matmul
    args: [a, b, c, a32, b32, m, n, k]
scratch: {a32: 4 * m * k, b32: 4 * n * k}
*/
// Each value is widened to f32 once, not once a product; ACCUMULATORS sums side by side become vector lanes.
_Static_assert(ACCUMULATORS >= 1 && ACCUMULATORS <= 64, "ACCUMULATORS is 1 to 64");

static void widen(const _Float16* restrict from, float* restrict to, long count) {
  for (long i = 0; i < count; i++) to[i] = (float)from[i];
}

static float dot(const float* restrict x, const float* restrict y, int k) {
  float sums[ACCUMULATORS] = {0}, sum = 0;
  int p = 0;
  for (; p + ACCUMULATORS <= k; p += ACCUMULATORS) {
    for (int s = 0; s < ACCUMULATORS; s++) sums[s] += x[p + s] * y[p + s];
  }
  for (; p < k; p++) sum += x[p] * y[p];
  for (int s = 0; s < ACCUMULATORS; s++) sum += sums[s];
  return sum;
}

void matmul(const _Float16* restrict a, const _Float16* restrict b, _Float16* restrict c, float* restrict a32, float* restrict b32, int m, int n,
            int k) {
  widen(a, a32, (long)m * k);
  widen(b, b32, (long)n * k);
  for (long i = 0; i < m; i++) {
    for (long j = 0; j < n; j++) c[i * n + j] = (_Float16)dot(a32 + i * k, b32 + j * k, k);
  }
}
