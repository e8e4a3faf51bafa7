/* kiln
params: {WIDTH: 8, ACCUMULATORS: 4}
space: {WIDTH: [4, 8, 16], ACCUMULATORS: [1, 2, 4, 8]}
launch:
  - kernel: softmax
    args: [x, out, rows, cols]
*/
// Vectors of WIDTH floats in ACCUMULATORS independent chains, and an exponential of our own that the vector unit can do:
// e^x = 2^i * 2^f, 2^f on [-0.5, 0.5] by a polynomial of degree 6 (relative error below 2e-7).
#include <string.h>
_Static_assert(WIDTH == 4 || WIDTH == 8 || WIDTH == 16, "WIDTH is 4, 8 or 16 floats");
_Static_assert(ACCUMULATORS >= 1 && ACCUMULATORS <= 8, "ACCUMULATORS is 1 to 8");
#define LANES (WIDTH * ACCUMULATORS)
typedef float vec __attribute__((vector_size(WIDTH * 4)));
typedef int ivec __attribute__((vector_size(WIDTH * 4)));

static inline vec load(const float* p) {
  vec v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void store(float* p, vec v) { memcpy(p, &v, sizeof v); }

static inline vec larger(vec a, vec b) {
  const ivec mask = a > b;
  return (vec)((mask & (ivec)a) | (~mask & (ivec)b));
}

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

static float largest_of(const float* in, int cols) {
  vec best[ACCUMULATORS];
  for (int a = 0; a < ACCUMULATORS; a++) best[a] = (vec){} + in[0];
  int c = 0;
  for (; c + LANES <= cols; c += LANES) {
    for (int a = 0; a < ACCUMULATORS; a++) best[a] = larger(best[a], load(in + c + a * WIDTH));
  }
  float largest = in[0];
  for (int i = 0; i < LANES; i++) largest = best[i / WIDTH][i % WIDTH] > largest ? best[i / WIDTH][i % WIDTH] : largest;
  for (; c < cols; c++) largest = in[c] > largest ? in[c] : largest;
  return largest;
}

/** Writes the exponentials and returns their sum. */
static float exponentials(const float* in, float* to, int cols, float largest) {
  vec sums[ACCUMULATORS] = {};
  int c = 0;
  for (; c + LANES <= cols; c += LANES) {
    for (int a = 0; a < ACCUMULATORS; a++) {
      const vec e = exponential(load(in + c + a * WIDTH) - largest);
      store(to + c + a * WIDTH, e);
      sums[a] += e;
    }
  }
  float sum = 0;
  for (int i = 0; i < LANES; i++) sum += sums[i / WIDTH][i % WIDTH];
  for (; c < cols; c++) {
    to[c] = exponential((vec){} + (in[c] - largest))[0];
    sum += to[c];
  }
  return sum;
}

void softmax(const float* restrict x, float* restrict out, int rows, int cols) {
  for (long r = 0; r < rows; r++) {
    float* to = out + r * cols;
    const float scale = 1 / exponentials(x + r * cols, to, cols, largest_of(x + r * cols, cols));
    for (int c = 0; c < cols; c++) to[c] *= scale;
  }
}
