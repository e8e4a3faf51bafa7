/* kiln
launch:
  - kernel: grouped_gemm_reference
    args: [a, b, starts, c, experts, n, k]
*/
// bf16 is the upper half of an f32; a product of two is exact in f32. Sums in double, rounded once, to nearest even.
#include <stdint.h>
#include <string.h>

static float from_bf16(uint16_t h) {
  const uint32_t bits = (uint32_t)h << 16;
  float f;
  memcpy(&f, &bits, 4);
  return f;
}

static uint16_t to_bf16(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

void grouped_gemm_reference(const uint16_t* a, const uint16_t* b, const int* starts, uint16_t* c, int experts, int n, int k) {
  for (long e = 0; e < experts; e++) {
    for (long t = starts[e]; t < starts[e + 1]; t++) {
      for (long j = 0; j < n; j++) {
        double sum = 0;
        for (long p = 0; p < k; p++) sum += from_bf16(a[t * k + p]) * from_bf16(b[(e * n + j) * k + p]);
        c[t * n + j] = to_bf16((float)sum);
      }
    }
  }
}
