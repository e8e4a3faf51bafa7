/* kiln
launch:
  - kernel: fp8_gemm_reference
    args: [a, a_scale, b, b_scale, c, m, n, k]
*/
// One product at a time, sums in double, rounded to bf16 once, to nearest even.
#include <math.h>
#include <stdint.h>
#include <string.h>

/** e4m3: sign, four bits of exponent (bias 7), three of mantissa; no infinities, 0x7F and 0xFF are NaN. */
static double fp8(int bits) {
  const int exponent = bits >> 3 & 15, mantissa = bits & 7;
  if ((bits & 127) == 127) return NAN;
  const double magnitude = exponent == 0 ? ldexp(mantissa, -9) : ldexp(8 + mantissa, exponent - 10);
  return bits & 128 ? -magnitude : magnitude;
}

static uint16_t to_bf16(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

void fp8_gemm_reference(const uint8_t* a, const float* a_scale, const uint8_t* b, const float* b_scale, uint16_t* c, int m, int n, int k) {
  double values[256];
  for (int bits = 0; bits < 256; bits++) values[bits] = fp8(bits);
  const long blocks = k / 128;
  for (long i = 0; i < m; i++) {
    for (long j = 0; j < n; j++) {
      double sum = 0;
      for (long p = 0; p < k; p++) {
        const double scale = (double)a_scale[i * blocks + p / 128] * b_scale[j / 128 * blocks + p / 128];
        sum += values[a[i * k + p]] * values[b[j * k + p]] * scale;
      }
      c[i * n + j] = to_bf16((float)sum);
    }
  }
}
