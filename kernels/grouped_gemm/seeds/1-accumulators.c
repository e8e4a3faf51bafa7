/* kiln
params: {ACCUMULATORS: 16}
space: {ACCUMULATORS: [4, 8, 16, 32, 64]}
launch:
  - kernel: grouped_gemm
    args: [a, b, starts, c, a32, b32, experts, n, k]
scratch: {a32: 4 * tokens * k, b32: 4 * n * k}
*/
// Each value is widened to f32 once, not once a product, a group's matrix at a time and none that has no row; ACCUMULATORS sums side by side become vector lanes.
#include <stdint.h>
#include <string.h>
_Static_assert(ACCUMULATORS >= 1 && ACCUMULATORS <= 64, "ACCUMULATORS is 1 to 64");

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

void grouped_gemm(const uint16_t* restrict a, const uint16_t* restrict b, const int* restrict starts, uint16_t* restrict c, float* restrict a32,
                  float* restrict b32, int experts, int n, int k) {
  widen(a, a32, (long)starts[experts] * k);
  for (long e = 0; e < experts; e++) {
    if (starts[e] == starts[e + 1]) continue;
    widen(b + e * n * k, b32, (long)n * k);
    for (long t = starts[e]; t < starts[e + 1]; t++) {
      for (long j = 0; j < n; j++) c[t * n + j] = to_bf16(dot(a32 + t * k, b32 + j * k, k));
    }
  }
}
