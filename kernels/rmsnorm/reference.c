/* kiln
launch:
  - kernel: rmsnorm_reference
    args: [x, weight, out, rows, cols, eps]
*/
// bf16 is the upper half of an f32. Sums in double, rounded once at the end, to nearest even.
#include <math.h>
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

void rmsnorm_reference(const uint16_t* x, const uint16_t* weight, uint16_t* out, int rows, int cols, float eps) {
  for (long r = 0; r < rows; r++) {
    double squares = 0;
    for (int c = 0; c < cols; c++) squares += (double)from_bf16(x[r * cols + c]) * from_bf16(x[r * cols + c]);
    const double scale = 1 / sqrt(squares / cols + eps);
    for (int c = 0; c < cols; c++) out[r * cols + c] = to_bf16((float)(from_bf16(x[r * cols + c]) * scale * from_bf16(weight[c])));
  }
}
