/* kiln
launch:
  - kernel: masked_softmax
    args: [x, mask, out, kept_exp, scale, batch, heads, queries, keys]
scratch: {kept_exp: 4 * keys}
*/
// Each exponential is taken once: it waits in a row of f32, which stays in the cache, for its division, which is one multiplication.
#include <math.h>
#include "bf16.h"

void masked_softmax(const uint16_t* restrict x, const uint8_t* restrict mask, uint16_t* restrict out, float* restrict kept_exp, float scale, int batch, int heads,
                    int queries, int keys) {
  for (long row = 0; row < (long)batch * heads * queries; row++) {
    const uint16_t* in = x + row * keys;
    const uint8_t* kept = mask + (row / (heads * queries) * queries + row % queries) * keys;
    float largest = -INFINITY, sum = 0;
    for (int k = 0; k < keys; k++) {
      const float score = kept[k] ? from_bf16(in[k]) : -INFINITY;
      largest = score > largest ? score : largest;
    }
    for (int k = 0; k < keys; k++) {
      kept_exp[k] = kept[k] ? expf(scale * (from_bf16(in[k]) - largest)) : 0;
      sum += kept_exp[k];
    }
    const float by = sum > 0 ? 1 / sum : 0;
    for (int k = 0; k < keys; k++) out[row * keys + k] = to_bf16(kept_exp[k] * by);
  }
}
