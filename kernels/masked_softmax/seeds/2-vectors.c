/* kiln
params: {WIDTH: 8, ACCUMULATORS: 4}
space: {WIDTH: [4, 8, 16], ACCUMULATORS: [1, 2, 4, 8]}
launch:
  - kernel: masked_softmax
    args: [x, mask, out, kept_exp, scale, batch, heads, queries, keys]
scratch: {kept_exp: 4 * keys}
*/
// Vectors of WIDTH keys. The mask becomes all ones or all zeros of a lane, so that what is hidden is zero without a branch. Maximum and sum in ACCUMULATORS independent
// chains, and an exponential of our own that the vector unit can do: e^x = 2^i * 2^f, 2^f on [-0.5, 0.5] by a polynomial of degree 6.
#include "bf16.h"
_Static_assert(WIDTH == 4 || WIDTH == 8 || WIDTH == 16, "WIDTH is 4, 8 or 16 keys");
_Static_assert(ACCUMULATORS >= 1 && ACCUMULATORS <= 8, "ACCUMULATORS is 1 to 8");
#define LANES (WIDTH * ACCUMULATORS)
/** Below every bf16 but minus infinity. */
#define LOWEST -3.4028235e38f
typedef float vec __attribute__((vector_size(WIDTH * 4)));
typedef int32_t ivec __attribute__((vector_size(WIDTH * 4)));
typedef uint16_t halves __attribute__((vector_size(WIDTH * 2)));
typedef uint8_t bytes __attribute__((vector_size(WIDTH)));

static inline vec load_scores(const uint16_t* p) {
  halves h;
  memcpy(&h, p, sizeof h);
  return (vec)(__builtin_convertvector(h, ivec) << 16);
}

/** All ones where a key is kept. */
static inline ivec load_mask(const uint8_t* p) {
  bytes b;
  memcpy(&b, p, sizeof b);
  return -__builtin_convertvector(b, ivec);
}

static inline vec either(ivec which, vec a, vec b) { return (vec)((which & (ivec)a) | (~which & (ivec)b)); }

/** e^x for x <= 0; 0 below -87, where the result is no normal float. */
static inline vec exponential(vec x) {
  const ivec in_range = x > -87.0f;
  const vec power = (vec)(in_range & (ivec)(x * 1.44269504f));
  const vec rounded = power + 12582912.0f;  // 1.5 * 2^23: the integer ends in the low bits
  const ivec i = (ivec)rounded - 0x4B400000;
  const vec f = power - (rounded - 12582912.0f);
  vec p = f * 1.54035304e-4f + 1.33335581e-3f;
  p = p * f + 9.61812911e-3f;
  p = p * f + 5.55041087e-2f;
  p = p * f + 2.40226507e-1f;
  p = p * f + 6.93147181e-1f;
  p = p * f + 1.0f;
  return (vec)(in_range & ((ivec)p + (i << 23)));
}

/** LOWEST where no key is kept. */
static float largest_of(const uint16_t* in, const uint8_t* kept, int keys) {
  vec best[ACCUMULATORS];
  for (int a = 0; a < ACCUMULATORS; a++) best[a] = (vec){} + LOWEST;
  int k = 0;
  for (; k + LANES <= keys; k += LANES) {
    for (int a = 0; a < ACCUMULATORS; a++) {
      const vec score = load_scores(in + k + a * WIDTH);
      best[a] = either(load_mask(kept + k + a * WIDTH) & (score > best[a]), score, best[a]);
    }
  }
  float largest = LOWEST;
  for (int i = 0; i < LANES; i++) largest = best[i / WIDTH][i % WIDTH] > largest ? best[i / WIDTH][i % WIDTH] : largest;
  for (; k < keys; k++) largest = kept[k] && from_bf16(in[k]) > largest ? from_bf16(in[k]) : largest;
  return largest;
}

/** Writes the exponentials, 0 for what is hidden, and returns their sum. */
static float exponentials(const uint16_t* in, const uint8_t* kept, float* to, int keys, float scale, float largest) {
  vec sums[ACCUMULATORS] = {};
  int k = 0;
  for (; k + LANES <= keys; k += LANES) {
    for (int a = 0; a < ACCUMULATORS; a++) {
      const int at = k + a * WIDTH;
      const vec e = (vec)(load_mask(kept + at) & (ivec)exponential((load_scores(in + at) - largest) * scale));
      memcpy(to + at, &e, sizeof e);
      sums[a] += e;
    }
  }
  float sum = 0;
  for (int i = 0; i < LANES; i++) sum += sums[i / WIDTH][i % WIDTH];
  for (; k < keys; k++) {
    to[k] = kept[k] ? exponential((vec){} + (from_bf16(in[k]) - largest) * scale)[0] : 0;
    sum += to[k];
  }
  return sum;
}

void masked_softmax(const uint16_t* restrict x, const uint8_t* restrict mask, uint16_t* restrict out, float* restrict kept_exp, float scale, int batch, int heads,
                    int queries, int keys) {
  for (long row = 0; row < (long)batch * heads * queries; row++) {
    const uint16_t* in = x + row * keys;
    const uint8_t* kept = mask + (row / (heads * queries) * queries + row % queries) * keys;
    const float sum = exponentials(in, kept, kept_exp, keys, scale, largest_of(in, kept, keys));
    const float by = sum > 0 ? 1 / sum : 0;
    for (int k = 0; k < keys; k++) out[row * keys + k] = to_bf16(kept_exp[k] * by);
  }
}
