/* kiln
params: {ACCUMULATORS: 16}
space: {ACCUMULATORS: [4, 8, 16, 32, 64]}
launch:
  - kernel: rmsnorm
    args: [x, weight, out, rows, cols, eps]
*/
// A single running sum is one long chain of additions that the compiler may not reorder. ACCUMULATORS sums side by side become
// vector lanes; `restrict` lets the second loop become vectors too.
#include <math.h>
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

static float squares_of(const uint16_t* restrict in, int cols) {
  float sums[ACCUMULATORS] = {0};
  int c = 0;
  for (; c + ACCUMULATORS <= cols; c += ACCUMULATORS) {
    for (int a = 0; a < ACCUMULATORS; a++) sums[a] += from_bf16(in[c + a]) * from_bf16(in[c + a]);
  }
  for (; c < cols; c++) sums[0] += from_bf16(in[c]) * from_bf16(in[c]);
  float squares = 0;
  for (int a = 0; a < ACCUMULATORS; a++) squares += sums[a];
  return squares;
}

void rmsnorm(const uint16_t* restrict x, const uint16_t* restrict weight, uint16_t* restrict out, int rows, int cols, float eps) {
  for (long r = 0; r < rows; r++) {
    const uint16_t* restrict in = x + r * cols;
    uint16_t* restrict to = out + r * cols;
    const float scale = 1 / sqrtf(squares_of(in, cols) / cols + eps);
    for (int c = 0; c < cols; c++) to[c] = to_bf16(from_bf16(in[c]) * scale * from_bf16(weight[c]));
  }
}
