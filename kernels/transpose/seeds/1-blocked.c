/* kiln
params: {TILE: 32}
space: {TILE: [8, 16, 32, 64, 128, 256]}
launch:
  - kernel: transpose
    args: [a, out, rows, cols]
*/
// Tile by tile, so that the lines of both matrices stay in the cache until they are used up.
_Static_assert(TILE >= 4 && TILE <= 256, "TILE is 4 to 256");

static int least(int a, int b) { return a < b ? a : b; }

void transpose(const float* restrict a, float* restrict out, int rows, int cols) {
  for (int r0 = 0; r0 < rows; r0 += TILE) {
    for (int c0 = 0; c0 < cols; c0 += TILE) {
      for (long c = c0; c < least(c0 + TILE, cols); c++) {
        for (long r = r0; r < least(r0 + TILE, rows); r++) out[c * rows + r] = a[r * cols + c];
      }
    }
  }
}
