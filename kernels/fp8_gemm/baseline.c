/* kiln
launch:
  - kernel: fp8_gemm
    args: [a, a_scale, b, b_scale, c, m, n, k]
*/
// Values from a table; a block of 128 products is summed before it is scaled.
#include <math.h>
#include <stdint.h>
#include <string.h>

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

void fp8_gemm(const uint8_t* a, const float* a_scale, const uint8_t* b, const float* b_scale, uint16_t* c, int m, int n, int k) {
  float values[256];
  fill_values(values);
  const long blocks = k / 128;
  for (long i = 0; i < m; i++) {
    for (long j = 0; j < n; j++) {
      float sum = 0;
      for (long block = 0; block < blocks; block++) {
        float part = 0;
        for (long p = block * 128; p < block * 128 + 128; p++) part += values[a[i * k + p]] * values[b[j * k + p]];
        sum += part * (a_scale[i * blocks + block] * b_scale[j / 128 * blocks + block]);
      }
      c[i * n + j] = to_bf16(sum);
    }
  }
}
