/* kiln
launch:
  - kernel: nvfp4_gemv
    args: [a, a_scale, b, b_scale, out, l, m, k]
*/
// A block of 16 elements at a time: whole numbers inside (twice the values are whole, so products are exact in int), one scaling for
// each block, scales through a table of all 256.
#include <math.h>

static const signed char TWICE[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

static void fill_scales(float table[256]) {
  for (int bits = 0; bits < 256; bits++) {
    const int exponent = bits >> 3 & 15, mantissa = bits & 7;
    const float magnitude = exponent == 0 ? ldexpf(mantissa, -9) : ldexpf(8 + mantissa, exponent - 10);
    table[bits] = (bits & 127) == 127 ? NAN : bits & 128 ? -magnitude : magnitude;
  }
}

void nvfp4_gemv(const unsigned char* restrict a, const unsigned char* restrict a_scale, const unsigned char* restrict b,
                const unsigned char* restrict b_scale, _Float16* restrict out, int l, int m, int k) {
  float scales[256];
  fill_scales(scales);
  for (long batch = 0; batch < l; batch++) {
    const unsigned char *vector = b + batch * (k / 2), *vector_scale = b_scale + batch * (k / 16);
    for (long row = batch * m; row < (batch + 1) * m; row++) {
      const unsigned char *in = a + row * (k / 2), *in_scale = a_scale + row * (k / 16);
      float sum = 0;
      for (int block = 0; block < k / 16; block++) {
        int products = 0;
        for (int i = block * 8; i < block * 8 + 8; i++) {
          products += TWICE[in[i] & 15] * TWICE[vector[i] & 15] + TWICE[in[i] >> 4] * TWICE[vector[i] >> 4];
        }
        sum += products * 0.25f * scales[in_scale[block]] * scales[vector_scale[block]];
      }
      out[row] = (_Float16)sum;
    }
  }
}
