/* kiln
launch:
  - kernel: nvfp4_gemv_reference
    args: [a, a_scale, b, b_scale, out, l, m, k]
*/
// One element at a time, sums in double.
#include <math.h>

/** e2m1: sign, two bits of exponent (bias 1), one of mantissa. */
static double fp4(int bits) {
  static const double magnitudes[8] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  return bits & 8 ? -magnitudes[bits & 7] : magnitudes[bits & 7];
}

/** e4m3: sign, four bits of exponent (bias 7), three of mantissa; no infinities, 0x7F and 0xFF are NaN. */
static double fp8(int bits) {
  const int exponent = bits >> 3 & 15, mantissa = bits & 7;
  if ((bits & 127) == 127) return NAN;
  const double magnitude = exponent == 0 ? ldexp(mantissa / 8.0, -6) : ldexp(1 + mantissa / 8.0, exponent - 7);
  return bits & 128 ? -magnitude : magnitude;
}

/** Element p of a packed row: the even one of a byte is its low nibble. */
static double element(const unsigned char* row, long p) { return fp4(p % 2 == 0 ? row[p / 2] & 15 : row[p / 2] >> 4); }

void nvfp4_gemv_reference(const unsigned char* a, const unsigned char* a_scale, const unsigned char* b, const unsigned char* b_scale,
                          _Float16* out, int l, int m, int k) {
  for (long batch = 0; batch < l; batch++) {
    const unsigned char *vector = b + batch * (k / 2), *vector_scale = b_scale + batch * (k / 16);
    for (long row = batch * m; row < (batch + 1) * m; row++) {
      double sum = 0;
      for (long p = 0; p < k; p++) {
        const double scale = fp8(a_scale[row * (k / 16) + p / 16]) * fp8(vector_scale[p / 16]);
        sum += element(a + row * (k / 2), p) * element(vector, p) * scale;
      }
      out[row] = (_Float16)sum;
    }
  }
}
