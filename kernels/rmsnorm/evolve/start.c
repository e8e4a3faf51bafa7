/* kiln
params: {PRECISION: double, WIDTH: 1, CHAINS: 1, SCALE: 0, ROUND: 0}
space:
  PRECISION: [double, float]
  WIDTH: [1, 2, 4, 8, 16]
  CHAINS: [1, 2, 4, 8]
  SCALE: [0, 1]
  ROUND: [0, 1]
launch:
  - kernel: rmsnorm
    args: [x, weight, out, rows, cols, eps]
*/
// A place to start a search from: as it stands the squares are added in f64 one after the other, the root is taken again for every value, and
// every value is rounded by itself. PRECISION float, WIDTH lanes in CHAINS independent sums, SCALE 1 takes the root once a row, ROUND
// 1 rounds WIDTH values at once, without looking for special ones.
#include <math.h>
#include <stdint.h>
#include <string.h>
_Static_assert(WIDTH >= 1 && WIDTH <= 16 && (WIDTH & (WIDTH - 1)) == 0, "WIDTH is 1, 2, 4, 8 or 16 values");
_Static_assert(CHAINS >= 1 && CHAINS <= 8, "CHAINS is 1 to 8");
#define LANES (WIDTH * CHAINS)
typedef PRECISION vec __attribute__((vector_size(WIDTH * sizeof(PRECISION))));
typedef float floats __attribute__((vector_size(WIDTH * 4)));
typedef uint32_t words __attribute__((vector_size(WIDTH * 4)));
typedef uint16_t halves __attribute__((vector_size(WIDTH * 2)));

// kiln: region convert
/** bf16 is the upper half of an f32. */
static inline floats widened(const uint16_t* from) {
  halves h;
  memcpy(&h, from, sizeof h);
  return (floats)(__builtin_convertvector(h, words) << 16);
}

static inline float widened_one(uint16_t h) {
  const uint32_t bits = (uint32_t)h << 16;
  float f;
  memcpy(&f, &bits, 4);
  return f;
}

static inline uint16_t rounded_one(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  if (isnan(f)) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static inline void store_rounded(uint16_t* to, floats f) {
#if ROUND == 1
  const words bits = (words)f;
  const halves h = __builtin_convertvector((bits + 0x7FFF + (bits >> 16 & 1)) >> 16, halves);
  memcpy(to, &h, sizeof h);
#else
  for (int i = 0; i < WIDTH; i++) to[i] = rounded_one(f[i]);
#endif
}
// kiln: end convert

// kiln: region passes
static inline float squares_of(const uint16_t* x, long cols) {
  vec sums[CHAINS] = {};
  long c = 0;
  for (; c + LANES <= cols; c += LANES) {
    for (int i = 0; i < CHAINS; i++) {
      const vec v = __builtin_convertvector(widened(x + c + i * WIDTH), vec);
      sums[i] += v * v;
    }
  }
  PRECISION squares = 0;
  for (int i = 0; i < LANES; i++) squares += sums[i / WIDTH][i % WIDTH];
  for (; c < cols; c++) squares += (PRECISION)widened_one(x[c]) * widened_one(x[c]);
  return (float)squares;
}

static inline float scale_of(float squares, long cols, float eps) {
#if SCALE == 0
  const volatile float again = squares;  // taken for every value, as written
  squares = again;
#endif
  return 1 / sqrtf(squares / cols + eps);
}

static inline void normalise(const uint16_t* x, const uint16_t* weight, uint16_t* out, long cols, float squares, float eps) {
  float scale = scale_of(squares, cols, eps);
  long c = 0;
  for (; c + WIDTH <= cols; c += WIDTH) {
    if (SCALE == 0) scale = scale_of(squares, cols, eps);
    store_rounded(out + c, widened(x + c) * scale * widened(weight + c));
  }
  for (; c < cols; c++) out[c] = rounded_one(widened_one(x[c]) * scale * widened_one(weight[c]));
}
// kiln: end passes

void rmsnorm(const uint16_t* restrict x, const uint16_t* restrict weight, uint16_t* restrict out, int rows, int cols, float eps) {
  for (long r = 0; r < rows; r++) {
    const float squares = squares_of(x + r * cols, cols);
    normalise(x + r * cols, weight, out + r * cols, cols, squares, eps);
  }
}
