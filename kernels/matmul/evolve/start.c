/* kiln
params: {WIDEN: 0, ROWS: 1, COLUMNS: 1, WIDTH: 1, DEPTH: 0}
space:
  WIDEN: [0, 1]
  ROWS: [1, 2, 3, 4, 6, 8]
  COLUMNS: [1, 2, 3, 4, 6, 8]
  WIDTH: [1, 2, 4, 8]
  DEPTH: [0, 64, 128, 256]
launch:
  - kernel: matmul
    args: [a, b, c, a32, b32, m, n, k]
scratch: {a32: 4 * (m + ROWS) * k, b32: 4 * (n + COLUMNS) * k}
*/
// A place to start a search from: as it stands each result is one sum of products, every value converted each time it is used. WIDEN
// converts each value once; ROWS x COLUMNS results are summed together, so that a value that is loaded is used several times; WIDTH
// partial sums of each become the lanes of a vector; DEPTH takes so many columns at a time, which then stay in the cache (0: all).
#include <string.h>
_Static_assert(ROWS >= 1 && ROWS <= 8 && COLUMNS >= 1 && COLUMNS <= 8, "ROWS and COLUMNS are 1 to 8");
_Static_assert(WIDTH == 1 || WIDTH == 2 || WIDTH == 4 || WIDTH == 8, "WIDTH is 1, 2, 4 or 8 floats, which divide k");
_Static_assert(WIDEN == 1 || (ROWS == 1 && COLUMNS == 1), "edges are padded in the widened copies: ROWS and COLUMNS need WIDEN");

typedef float vec __attribute__((vector_size(WIDTH * 4)));
#if WIDEN == 1
typedef float value;
#else
typedef _Float16 value;
#endif

// kiln: region load
/** The next WIDTH values as floats. */
static inline vec load(const value* from) {
  vec v;
#if WIDEN == 1
  memcpy(&v, from, sizeof v);
#else
  for (int i = 0; i < WIDTH; i++) v[i] = (float)from[i];
#endif
  return v;
}
// kiln: end load

// kiln: region sums
/** sums += ROWS x COLUMNS products over `depth` columns, whose rows are `pitch` values apart. */
static inline void add_products(const value* a, const value* b, float sums[ROWS][COLUMNS], long depth, long pitch) {
  vec partial[ROWS][COLUMNS] = {};
  for (long p = 0; p < depth; p += WIDTH) {
    vec x[ROWS], y[COLUMNS];
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++) x[i] = load(a + i * pitch + p);
#pragma GCC unroll 8
    for (int j = 0; j < COLUMNS; j++) y[j] = load(b + j * pitch + p);
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++) {
#pragma GCC unroll 8
      for (int j = 0; j < COLUMNS; j++) partial[i][j] += x[i] * y[j];
    }
  }
  for (int i = 0; i < ROWS; i++) {
    for (int j = 0; j < COLUMNS; j++) {
      for (int w = 0; w < WIDTH; w++) sums[i][j] += partial[i][j][w];
    }
  }
}
// kiln: end sums

static inline void widen(const _Float16* restrict from, float* restrict to, long count, long padding) {
  for (long i = 0; i < count; i++) to[i] = (float)from[i];
  memset(to + count, 0, sizeof(float) * padding);
}

void matmul(const _Float16* restrict a, const _Float16* restrict b, _Float16* restrict c, float* restrict a32, float* restrict b32, int m, int n,
            int k) {
#if WIDEN == 1
  widen(a, a32, (long)m * k, (long)ROWS * k);
  widen(b, b32, (long)n * k, (long)COLUMNS * k);
  const value *x = a32, *y = b32;
#else
  (void)a32, (void)b32;
  const value *x = a, *y = b;
#endif
  const long depth = DEPTH == 0 ? k : DEPTH;
  for (long i0 = 0; i0 < m; i0 += ROWS) {
    for (long j0 = 0; j0 < n; j0 += COLUMNS) {
      float sums[ROWS][COLUMNS] = {};
      for (long p0 = 0; p0 < k; p0 += depth) {
        add_products(x + i0 * k + p0, y + j0 * k + p0, sums, p0 + depth < k ? depth : k - p0, k);
      }
      for (long i = i0; i < i0 + ROWS && i < m; i++) {
        for (long j = j0; j < j0 + COLUMNS && j < n; j++) c[i * n + j] = (_Float16)sums[i - i0][j - j0];
      }
    }
  }
}
