/* kiln
params: {ACCUMULATORS: 16}
space: {ACCUMULATORS: [4, 8, 16, 32, 64]}
launch:
  - kernel: fp8_gemm
    args: [a, a_scale, b, b_scale, c, a32, b32, m, n, k]
scratch: {a32: 4 * m * k, b32: 4 * n * k}
*/
// Each value is widened to f32 and scaled once, not once a product; ACCUMULATORS sums side by side become vector lanes.
#include <math.h>
#include <stdint.h>
#include <string.h>
_Static_assert(ACCUMULATORS >= 1 && ACCUMULATORS <= 64, "ACCUMULATORS is 1 to 64");

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

void fp8_gemm(const uint8_t* restrict a, const float* restrict a_scale, const uint8_t* restrict b, const float* restrict b_scale,
              uint16_t* restrict c, float* restrict a32, float* restrict b32, int m, int n, int k) {
  float values[256];
  fill_values(values);
  widen(a, a_scale, a32, values, m, 1, k);
  widen(b, b_scale, b32, values, n, 128, k);
  for (long i = 0; i < m; i++) {
    for (long j = 0; j < n; j++) c[i * n + j] = to_bf16(dot(a32 + i * k, b32 + j * k, k));
  }
}
