/* kiln
params: {TILE: 32}
space: {TILE: [8, 16, 32, 64, 128, 256]}
launch:
  - kernel: transpose
    args: [a, out, rows, cols]
*/
// Tiles of 4 x 4 squares, each turned around in vector registers: four loads, eight shuffles, four stores for sixteen values.
#include <xmmintrin.h>
_Static_assert(TILE % 4 == 0 && TILE >= 4 && TILE <= 256, "TILE is a multiple of 4 from 4 to 256");

static int least(int a, int b) { return a < b ? a : b; }

static inline void square(const float* restrict a, float* restrict out, long rows, long cols) {
  __m128 v0 = _mm_loadu_ps(a), v1 = _mm_loadu_ps(a + cols), v2 = _mm_loadu_ps(a + 2 * cols), v3 = _mm_loadu_ps(a + 3 * cols);
  _MM_TRANSPOSE4_PS(v0, v1, v2, v3);
  _mm_storeu_ps(out, v0);
  _mm_storeu_ps(out + rows, v1);
  _mm_storeu_ps(out + 2 * rows, v2);
  _mm_storeu_ps(out + 3 * rows, v3);
}

void transpose(const float* restrict a, float* restrict out, int rows, int cols) {
  const int whole_rows = rows / 4 * 4, whole_cols = cols / 4 * 4;
  for (int r0 = 0; r0 < whole_rows; r0 += TILE) {
    for (int c0 = 0; c0 < whole_cols; c0 += TILE) {
      for (long c = c0; c < least(c0 + TILE, whole_cols); c += 4) {
        for (long r = r0; r < least(r0 + TILE, whole_rows); r += 4) square(a + r * cols + c, out + c * rows + r, rows, cols);
      }
    }
  }
  for (long r = 0; r < rows; r++) {
    for (long c = r < whole_rows ? whole_cols : 0; c < cols; c++) out[c * rows + r] = a[r * cols + c];
  }
}
