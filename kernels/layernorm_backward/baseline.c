/* kiln
launch:
  - kernel: layernorm_backward
    args: [dy, x, weight, mean, rstd, dx, dweight, dbias, rows, cols]
*/
// bf16 is the upper half of an f32. Columns are summed one after the other, across the rows.
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

void layernorm_backward(const uint16_t* dy, const uint16_t* x, const uint16_t* weight, const float* mean, const float* rstd,
                        uint16_t* dx, float* dweight, float* dbias, int rows, int cols) {
  for (long r = 0; r < rows; r++) {
    float sum_g = 0, sum_gh = 0;
    for (long c = 0; c < cols; c++) {
      const float g = from_bf16(dy[r * cols + c]) * from_bf16(weight[c]);
      const float h = (from_bf16(x[r * cols + c]) - mean[r]) * rstd[r];
      sum_g += g;
      sum_gh += g * h;
    }
    for (long c = 0; c < cols; c++) {
      const float g = from_bf16(dy[r * cols + c]) * from_bf16(weight[c]);
      const float h = (from_bf16(x[r * cols + c]) - mean[r]) * rstd[r];
      dx[r * cols + c] = to_bf16((rstd[r] * (g - sum_g / cols - h * (sum_gh / cols))));
    }
  }
  for (long c = 0; c < cols; c++) {
    float sum_weight = 0, sum_bias = 0;
    for (long r = 0; r < rows; r++) {
      const float d = from_bf16(dy[r * cols + c]), h = (from_bf16(x[r * cols + c]) - mean[r]) * rstd[r];
      sum_weight += d * h;
      sum_bias += d;
    }
    dweight[c] = sum_weight;
    dbias[c] = sum_bias;
  }
}
