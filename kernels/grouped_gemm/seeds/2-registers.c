/* kiln
params: {ROWS: 4, COLUMNS: 2, WIDTH: 8}
space: {ROWS: [1, 2, 3, 4, 6], COLUMNS: [1, 2, 3, 4, 6], WIDTH: [4, 8]}
launch:
  - kernel: grouped_gemm
    args: [a, b, starts, c, a32, b32, experts, n, k]
scratch: {a32: 4 * (tokens + ROWS) * k, b32: 4 * (n + COLUMNS) * k}
*/
// ROWS x COLUMNS results at a time, each a vector of WIDTH partial sums in a register: every value loaded is used ROWS or COLUMNS
// times. The widened copies, of b a group at a time, are padded with rows of zeros; a group's last rows are multiplied together with the next one's first, and not written.
#include <stdint.h>
#include <string.h>
_Static_assert(WIDTH == 4 || WIDTH == 8, "WIDTH is 4 or 8 floats, which divide k");
_Static_assert(ROWS >= 1 && ROWS <= 8 && COLUMNS >= 1 && COLUMNS <= 8, "ROWS and COLUMNS are 1 to 8");
typedef float vec __attribute__((vector_size(WIDTH * 4)));

static inline float from_bf16(uint16_t h) {
  const uint32_t bits = (uint32_t)h << 16;
  float f;
  memcpy(&f, &bits, 4);
  return f;
}

static inline uint16_t to_bf16(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static void widen(const uint16_t* restrict from, float* restrict to, long count) {
  for (long i = 0; i < count; i++) to[i] = from_bf16(from[i]);
}

static inline vec load(const float* p) {
  vec v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline float total(vec v) {
  float sum = 0;
  for (int i = 0; i < WIDTH; i++) sum += v[i];
  return sum;
}

static inline void square(const float* restrict a, const float* restrict b, float sums[ROWS][COLUMNS], int k) {
  vec partial[ROWS][COLUMNS] = {};
  for (int p = 0; p < k; p += WIDTH) {
    vec x[ROWS], y[COLUMNS];
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++) x[i] = load(a + (long)i * k + p);
#pragma GCC unroll 8
    for (int j = 0; j < COLUMNS; j++) y[j] = load(b + (long)j * k + p);
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++) {
#pragma GCC unroll 8
      for (int j = 0; j < COLUMNS; j++) partial[i][j] += x[i] * y[j];
    }
  }
  for (int i = 0; i < ROWS; i++) {
    for (int j = 0; j < COLUMNS; j++) sums[i][j] = total(partial[i][j]);
  }
}

void grouped_gemm(const uint16_t* restrict a, const uint16_t* restrict b, const int* restrict starts, uint16_t* restrict c, float* restrict a32,
                  float* restrict b32, int experts, int n, int k) {
  widen(a, a32, (long)starts[experts] * k);
  memset(a32 + (long)starts[experts] * k, 0, sizeof(float) * ROWS * k);
  memset(b32 + (long)n * k, 0, sizeof(float) * COLUMNS * k);
  for (long e = 0; e < experts; e++) {
    const long end = starts[e + 1];
    if (starts[e] == end) continue;
    widen(b + e * n * k, b32, (long)n * k);
    for (long i0 = starts[e]; i0 < end; i0 += ROWS) {
      for (long j0 = 0; j0 < n; j0 += COLUMNS) {
        float sums[ROWS][COLUMNS];
        square(a32 + i0 * k, b32 + j0 * k, sums, k);
        for (long i = i0; i < i0 + ROWS && i < end; i++) {
          for (long j = j0; j < j0 + COLUMNS && j < n; j++) c[i * n + j] = to_bf16(sums[i - i0][j - j0]);
        }
      }
    }
  }
}
