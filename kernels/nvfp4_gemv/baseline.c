/* kiln
launch:
  - kernel: nvfp4_gemv
    args: [a, a_scale, b, b_scale, out, l, m, k]
*/
// A byte (two elements) at a time, decoded through a table; scales by building the f32 they are.
#include <math.h>
#include <stdint.h>
#include <string.h>

static const float FP4[16] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};

static float fp8(unsigned bits) {
  if ((bits & 127) == 127) return NAN;
  if ((bits & 120) == 0) return (bits & 128 ? -1 : 1) * (float)(bits & 7) / 512;
  const uint32_t f32 = (bits & 128) << 24 | ((bits & 127) + (120 << 3)) << 20;
  float value;
  memcpy(&value, &f32, 4);
  return value;
}

void nvfp4_gemv(const unsigned char* a, const unsigned char* a_scale, const unsigned char* b, const unsigned char* b_scale, _Float16* out,
                int l, int m, int k) {
  for (long batch = 0; batch < l; batch++) {
    const unsigned char *vector = b + batch * (k / 2), *vector_scale = b_scale + batch * (k / 16);
    for (long row = batch * m; row < (batch + 1) * m; row++) {
      const unsigned char* in = a + row * (k / 2);
      float sum = 0;
      for (int i = 0; i < k / 2; i++) {
        const float products = FP4[in[i] & 15] * FP4[vector[i] & 15] + FP4[in[i] >> 4] * FP4[vector[i] >> 4];
        sum += products * fp8(a_scale[row * (k / 16) + i / 8]) * fp8(vector_scale[i / 8]);
      }
      out[row] = (_Float16)sum;
    }
  }
}
