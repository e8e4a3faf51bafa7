/* kiln
params: {ROWS: 4, COLUMNS: 2, WIDTH: 8}
space: {ROWS: [1, 2, 3, 4, 6], COLUMNS: [1, 2, 3, 4, 6], WIDTH: [4, 8]}
launch:
  - kernel: fp8_gemm
    args: [a, a_scale, b, b_scale, c, a32, b32, m, n, k]
scratch: {a32: 4 * (m + ROWS) * k, b32: 4 * (n + COLUMNS) * k}
*/
// ROWS x COLUMNS results at a time, each a vector of WIDTH partial sums in a register: every value loaded is used ROWS or COLUMNS
// times. The widened and scaled copies are padded with rows of zeros, so that edges need no code of their own.
#include <math.h>
#include <stdint.h>
#include <string.h>
_Static_assert(WIDTH == 4 || WIDTH == 8, "WIDTH is 4 or 8 floats, which divide k");
_Static_assert(ROWS >= 1 && ROWS <= 8 && COLUMNS >= 1 && COLUMNS <= 8, "ROWS and COLUMNS are 1 to 8");
typedef float vec __attribute__((vector_size(WIDTH * 4)));

static void fill_values(float table[256]) {
  for (int bits = 0; bits < 256; bits++) {
    const int exponent = bits >> 3 & 15, mantissa = bits & 7;
    const float magnitude = exponent == 0 ? ldexpf(mantissa, -9) : ldexpf(8 + mantissa, exponent - 10);
    table[bits] = (bits & 127) == 127 ? NAN : bits & 128 ? -magnitude : magnitude;
  }
}

static uint16_t to_bf16(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/** Values times their scales; each scale is that of `rows` rows and 128 columns. */
static void widen(const uint8_t* restrict from, const float* restrict scale, float* restrict to, const float values[256], long count, long rows, long k) {
  for (long row = 0; row < count; row++) {
    for (long p = 0; p < k; p += 128) {
      const float by = scale[row / rows * (k / 128) + p / 128];
      for (long q = p; q < p + 128; q++) to[row * k + q] = values[from[row * k + q]] * by;
    }
  }
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

void fp8_gemm(const uint8_t* restrict a, const float* restrict a_scale, const uint8_t* restrict b, const float* restrict b_scale,
              uint16_t* restrict c, float* restrict a32, float* restrict b32, int m, int n, int k) {
  float values[256];
  fill_values(values);
  widen(a, a_scale, a32, values, m, 1, k);
  widen(b, b_scale, b32, values, n, 128, k);
  memset(a32 + (long)m * k, 0, sizeof(float) * ROWS * k);
  memset(b32 + (long)n * k, 0, sizeof(float) * COLUMNS * k);
  for (long i0 = 0; i0 < m; i0 += ROWS) {
    for (long j0 = 0; j0 < n; j0 += COLUMNS) {
      float sums[ROWS][COLUMNS];
      square(a32 + i0 * k, b32 + j0 * k, sums, k);
      for (long i = i0; i < i0 + ROWS && i < m; i++) {
        for (long j = j0; j < j0 + COLUMNS && j < n; j++) c[i * n + j] = to_bf16(sums[i - i0][j - j0]);
      }
    }
  }
}
