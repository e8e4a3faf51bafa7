/* kiln
params: {WIDTH: 8, ACCUMULATORS: 4}
space: {WIDTH: [4, 8, 16], ACCUMULATORS: [1, 2, 4, 8]}
launch:
  - kernel: rmsnorm
    args: [x, weight, out, rows, cols, eps]
*/
// A 32-bit word holds two bf16 values: the odd one is an f32 once its low half is cleared, the even one once it is shifted up.
// Working on words, in order, needs no widening and no narrowing of vectors at all.
#include <math.h>
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

static inline vec even(words v) { return (vec)(v << 16); }
static inline vec odd(words v) { return (vec)(v & 0xFFFF0000u); }
/** The f32 bits rounded to nearest even at bit 16; the low half is rubbish. */
static inline words rounded(vec f) { return (words)f + 0x7FFF + ((words)f >> 16 & 1); }
static inline words join(vec low, vec high) { return rounded(low) >> 16 | (rounded(high) & 0xFFFF0000u); }

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

static float squares_of(const uint16_t* in, int cols) {
  vec sums[ACCUMULATORS] = {};
  int c = 0;
  for (; c + STEP * ACCUMULATORS <= cols; c += STEP * ACCUMULATORS) {
    for (int a = 0; a < ACCUMULATORS; a++) {
      const words v = load(in + c + a * STEP);
      sums[a] += even(v) * even(v) + odd(v) * odd(v);
    }
  }
  float squares = 0;
  for (int i = 0; i < WIDTH * ACCUMULATORS; i++) squares += sums[i / WIDTH][i % WIDTH];
  for (; c < cols; c++) squares += from_bf16(in[c]) * from_bf16(in[c]);
  return squares;
}

void rmsnorm(const uint16_t* restrict x, const uint16_t* restrict weight, uint16_t* restrict out, int rows, int cols, float eps) {
  for (long r = 0; r < rows; r++) {
    const uint16_t* in = x + r * cols;
    uint16_t* to = out + r * cols;
    const float scale = 1 / sqrtf(squares_of(in, cols) / cols + eps);
    int c = 0;
    for (; c + STEP <= cols; c += STEP) {
      const words v = load(in + c), w = load(weight + c);
      const words result = join(even(v) * scale * even(w), odd(v) * scale * odd(w));
      memcpy(to + c, &result, sizeof result);
    }
    for (; c < cols; c++) to[c] = to_bf16(from_bf16(in[c]) * scale * from_bf16(weight[c]));
  }
}
