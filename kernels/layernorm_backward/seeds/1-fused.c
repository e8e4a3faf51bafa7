/* kiln
params: {ACCUMULATORS: 16}
space: {ACCUMULATORS: [4, 8, 16, 32]}
launch:
  - kernel: layernorm_backward
    args: [dy, x, weight, mean, rstd, dx, dweight, dbias, rows, cols]
*/
// One walk along the rows: ACCUMULATORS sums side by side become vector lanes, and the gradients of the parameters grow in place, a row at a time, so that no
// column is read across the rows.
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

static void sum_row(const uint16_t* restrict dy, const uint16_t* restrict x, const uint16_t* restrict weight, float mean, float rstd, int cols,
                    float* restrict sum_g, float* restrict sum_gh) {
  float g_sums[ACCUMULATORS] = {0}, gh_sums[ACCUMULATORS] = {0};
  int c = 0;
  for (; c + ACCUMULATORS <= cols; c += ACCUMULATORS) {
    for (int a = 0; a < ACCUMULATORS; a++) {
      const float g = from_bf16(dy[c + a]) * from_bf16(weight[c + a]);
      g_sums[a] += g;
      gh_sums[a] += g * ((from_bf16(x[c + a]) - mean) * rstd);
    }
  }
  *sum_g = *sum_gh = 0;
  for (; c < cols; c++) {
    const float g = from_bf16(dy[c]) * from_bf16(weight[c]);
    *sum_g += g;
    *sum_gh += g * ((from_bf16(x[c]) - mean) * rstd);
  }
  for (int a = 0; a < ACCUMULATORS; a++) {
    *sum_g += g_sums[a];
    *sum_gh += gh_sums[a];
  }
}

void layernorm_backward(const uint16_t* restrict dy, const uint16_t* restrict x, const uint16_t* restrict weight, const float* restrict mean,
                        const float* restrict rstd, uint16_t* restrict dx, float* restrict dweight, float* restrict dbias, int rows, int cols) {
  memset(dweight, 0, sizeof(float) * cols);
  memset(dbias, 0, sizeof(float) * cols);
  for (long r = 0; r < rows; r++, dy += cols, x += cols, dx += cols) {
    const float mu = mean[r], scale = rstd[r];
    float sum_g, sum_gh;
    sum_row(dy, x, weight, mu, scale, cols, &sum_g, &sum_gh);
    const float mean_g = sum_g / cols, mean_gh = sum_gh / cols;
    for (int c = 0; c < cols; c++) {
      const float d = from_bf16(dy[c]), h = (from_bf16(x[c]) - mu) * scale;
      dx[c] = to_bf16(scale * (d * from_bf16(weight[c]) - mean_g - h * mean_gh));
      dweight[c] += d * h;
      dbias[c] += d;
    }
  }
}
