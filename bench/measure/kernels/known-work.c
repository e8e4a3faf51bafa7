/* kiln
params: {PERCENT: 0}
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// PERCENT more work: that share of the elements is added once more.
void vector_add(const float* restrict a, const float* restrict b, float* restrict out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
  __asm__ volatile("" ::: "memory");
  const int again = (int)((long)n * PERCENT / 100);
  for (int i = 0; i < again; i++) out[i] = a[i] + b[i];
}
