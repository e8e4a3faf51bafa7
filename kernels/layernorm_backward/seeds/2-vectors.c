/* kiln
params: {WIDTH: 8, ACCUMULATORS: 2}
space: {WIDTH: [4, 8, 16], ACCUMULATORS: [1, 2, 4]}
launch:
  - kernel: layernorm_backward
    args: [dy, x, weight, mean, rstd, dx, dweight, dbias, weight32, even_odd, rows, cols]
scratch: {weight32: 4 * cols, even_odd: 8 * cols}
*/
// A 32-bit word holds two bf16 values: the odd one is an f32 once its low half is cleared, the even one once it is shifted up. Working on words, in order,
// needs no widening and no narrowing of vectors; the gradients of the parameters are kept as the words have them, even columns apart from odd ones, and
// put in order at the end.
#include <stdint.h>
#include <string.h>
_Static_assert(WIDTH == 4 || WIDTH == 8 || WIDTH == 16, "WIDTH is 4, 8 or 16 words of two values");
_Static_assert(ACCUMULATORS >= 1 && ACCUMULATORS <= 8, "ACCUMULATORS is 1 to 8");
typedef float vec __attribute__((vector_size(WIDTH * 4)));
typedef uint32_t words __attribute__((vector_size(WIDTH * 4)));
#define STEP (WIDTH * 2)

static inline words load(const uint16_t* p) {
  words v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline vec load32(const float* p) {
  vec v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void add32(float* p, vec v) {
  v += load32(p);
  memcpy(p, &v, sizeof v);
}

static inline vec even(words v) { return (vec)(v << 16); }
static inline vec odd(words v) { return (vec)(v & 0xFFFF0000u); }
/** The f32 bits rounded to nearest even at bit 16; the low half is rubbish. */
static inline words rounded(vec f) { return (words)f + 0x7FFF + ((words)f >> 16 & 1); }
static inline words join(vec low, vec high) { return rounded(low) >> 16 | (rounded(high) & 0xFFFF0000u); }

static inline float total(vec v) {
  float sum = 0;
  for (int i = 0; i < WIDTH; i++) sum += v[i];
  return sum;
}

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

/** Sums of g = dy * weight and of g * h; `whole` columns as vectors, whose weights come even ones first in each STEP. */
static inline void sum_row(const uint16_t* dy, const uint16_t* x, const float* weight, float mean, float rstd, int whole, int cols, float* sum_g, float* sum_gh) {
  vec g_sums[ACCUMULATORS] = {}, gh_sums[ACCUMULATORS] = {};
  for (int c = 0; c < whole; c += STEP * ACCUMULATORS) {
#pragma GCC unroll 8
    for (int a = 0; a < ACCUMULATORS; a++) {
      const int at = c + a * STEP;
      if (at >= whole) break;
      const words d = load(dy + at), v = load(x + at);
      const vec g_even = even(d) * load32(weight + at), g_odd = odd(d) * load32(weight + at + WIDTH);
      g_sums[a] += g_even + g_odd;
      gh_sums[a] += g_even * ((even(v) - mean) * rstd) + g_odd * ((odd(v) - mean) * rstd);
    }
  }
  *sum_g = *sum_gh = 0;
  for (int a = 0; a < ACCUMULATORS; a++) {
    *sum_g += total(g_sums[a]);
    *sum_gh += total(gh_sums[a]);
  }
  for (int c = whole; c < cols; c++) {
    const float g = from_bf16(dy[c]) * weight[c];
    *sum_g += g;
    *sum_gh += g * ((from_bf16(x[c]) - mean) * rstd);
  }
}

/** Where column c is in what has even columns first in each STEP. */
static inline int place(int c, int whole) { return c >= whole ? c : c / STEP * STEP + c % 2 * WIDTH + c % STEP / 2; }

void layernorm_backward(const uint16_t* restrict dy, const uint16_t* restrict x, const uint16_t* restrict weight, const float* restrict mean,
                        const float* restrict rstd, uint16_t* restrict dx, float* restrict dweight, float* restrict dbias, float* restrict weight32,
                        float* restrict even_odd, int rows, int cols) {
  const int whole = cols / STEP * STEP;
  float *restrict weight_sums = even_odd, *restrict bias_sums = even_odd + cols;
  memset(even_odd, 0, sizeof(float) * 2 * cols);
  for (int c = 0; c < cols; c++) weight32[place(c, whole)] = from_bf16(weight[c]);
  for (long r = 0; r < rows; r++, dy += cols, x += cols, dx += cols) {
    const float mu = mean[r], scale = rstd[r];
    float sum_g, sum_gh;
    sum_row(dy, x, weight32, mu, scale, whole, cols, &sum_g, &sum_gh);
    const float mean_g = sum_g / cols, mean_gh = sum_gh / cols;
    for (int c = 0; c < whole; c += STEP) {
      const words d = load(dy + c), v = load(x + c);
      const vec d_even = even(d), d_odd = odd(d), h_even = (even(v) - mu) * scale, h_odd = (odd(v) - mu) * scale;
      const vec low = scale * (d_even * load32(weight32 + c) - mean_g - h_even * mean_gh);
      const vec high = scale * (d_odd * load32(weight32 + c + WIDTH) - mean_g - h_odd * mean_gh);
      const words result = join(low, high);
      memcpy(dx + c, &result, sizeof result);
      add32(weight_sums + c, d_even * h_even);
      add32(weight_sums + c + WIDTH, d_odd * h_odd);
      add32(bias_sums + c, d_even);
      add32(bias_sums + c + WIDTH, d_odd);
    }
    for (int c = whole; c < cols; c++) {
      const float d = from_bf16(dy[c]), h = (from_bf16(x[c]) - mu) * scale;
      dx[c] = to_bf16(scale * (d * weight32[c] - mean_g - h * mean_gh));
      weight_sums[c] += d * h;
      bias_sums[c] += d;
    }
  }
  for (int c = 0; c < cols; c++) {
    dweight[c] = weight_sums[place(c, whole)];
    dbias[c] = bias_sums[place(c, whole)];
  }
}
