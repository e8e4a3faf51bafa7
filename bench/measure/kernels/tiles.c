/* kiln
params: {BLOCK: 256, ITEMS: 4}
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// One point of a tuning sweep: ITEMS stripes at once, each BLOCK elements long.
void vector_add(const float* restrict a, const float* restrict b, float* restrict out, int n) {
  for (int tile = 0; tile < n; tile += BLOCK * ITEMS) {
    for (int lane = 0; lane < BLOCK; lane++) {
      for (int item = 0; item < ITEMS; item++) {
        const int i = tile + item * BLOCK + lane;
        if (i < n) out[i] = a[i] + b[i];
      }
    }
  }
}
