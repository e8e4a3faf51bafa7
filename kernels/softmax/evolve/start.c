/* kiln
params: {EXP: 0, KEEP: 0, DIVIDE: 0, WIDTH: 1, CHAINS: 1}
space:
  EXP: [0, 1, 2]
  KEEP: [0, 1]
  DIVIDE: [0, 1]
  WIDTH: [1, 2, 4, 8, 16]
  CHAINS: [1, 2, 4, 8]
launch:
  - kernel: softmax
    args: [x, out, rows, cols]
*/
// A place to start a search from: as it stands every exponential is taken twice, in f64, one after the other. EXP 1 takes them in f32, 2 by a
// polynomial that the vector unit can do; KEEP 1 keeps them in the output until their sum is known; DIVIDE 1 multiplies by the
// reciprocal; WIDTH floats make a vector, CHAINS of them are summed independently.
#include <math.h>
#include <string.h>
_Static_assert(WIDTH >= 1 && WIDTH <= 16 && (WIDTH & (WIDTH - 1)) == 0, "WIDTH is 1, 2, 4, 8 or 16 floats");
_Static_assert(CHAINS >= 1 && CHAINS <= 8, "CHAINS is 1 to 8");
#define LANES (WIDTH * CHAINS)
typedef float vec __attribute__((vector_size(WIDTH * 4)));
typedef int ivec __attribute__((vector_size(WIDTH * 4)));

static inline vec load(const float* p) {
  vec v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void store(float* p, vec v) { memcpy(p, &v, sizeof v); }

// kiln: region exponential
/** e^x for x <= 0; with EXP 2 it is 0 below -87, where the result is no normal float. */
static inline vec exponential(vec x) {
#if EXP == 2
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
#else
  vec result;
  for (int i = 0; i < WIDTH; i++) result[i] = EXP == 1 ? expf(x[i]) : (float)exp((double)x[i]);
  return result;
#endif
}
// kiln: end exponential

// kiln: region passes
static inline float largest_of(const float* in, long cols) {
  float lanes[LANES];
  for (int i = 0; i < LANES; i++) lanes[i] = in[0];
  long c = 0;
  for (; c + LANES <= cols; c += LANES) {
    for (int i = 0; i < LANES; i++) lanes[i] = in[c + i] > lanes[i] ? in[c + i] : lanes[i];
  }
  float largest = in[0];
  for (int i = 0; i < LANES; i++) largest = lanes[i] > largest ? lanes[i] : largest;
  for (; c < cols; c++) largest = in[c] > largest ? in[c] : largest;
  return largest;
}

/** Sum of the exponentials, which stay in `to` where they are kept. */
static inline float sum_of(const float* in, float* to, long cols, float largest) {
  vec sums[CHAINS] = {};
  long c = 0;
  for (; c + LANES <= cols; c += LANES) {
    for (int i = 0; i < CHAINS; i++) {
      const vec e = exponential(load(in + c + i * WIDTH) - largest);
      if (KEEP == 1) store(to + c + i * WIDTH, e);
      sums[i] += e;
    }
  }
  float sum = 0;
  for (int i = 0; i < LANES; i++) sum += sums[i / WIDTH][i % WIDTH];
  for (; c < cols; c++) {
    const float e = exponential((vec){} + (in[c] - largest))[0];
    if (KEEP == 1) to[c] = e;
    sum += e;
  }
  return sum;
}

static inline void divide(const float* in, float* to, long cols, float largest, float sum) {
  const float scale = 1 / sum;
  long c = 0;
  for (; c + WIDTH <= cols; c += WIDTH) {
    const vec e = KEEP == 1 ? load(to + c) : exponential(load(in + c) - largest);
    store(to + c, DIVIDE == 1 ? e * scale : e / sum);
  }
  for (; c < cols; c++) to[c] = (KEEP == 1 ? to[c] : exponential((vec){} + (in[c] - largest))[0]) / sum;
}
// kiln: end passes

void softmax(const float* restrict x, float* restrict out, int rows, int cols) {
  for (long r = 0; r < rows; r++) {
    const float largest = largest_of(x + r * cols, cols);
    const float sum = sum_of(x + r * cols, out + r * cols, cols, largest);
    divide(x + r * cols, out + r * cols, cols, largest, sum);
  }
}
