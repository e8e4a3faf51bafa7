/* kiln
launch:
  - kernel: masked_softmax
    args: [x, mask, out, scale, batch, heads, queries, keys]
*/
#include <math.h>
#include "bf16.h"

void masked_softmax(const uint16_t* x, const uint8_t* mask, uint16_t* out, float scale, int batch, int heads, int queries, int keys) {
  for (long row = 0; row < (long)batch * heads * queries; row++) {
    const uint16_t* in = x + row * keys;
    const uint8_t* kept = mask + (row / (heads * queries) * queries + row % queries) * keys;
    float largest = -INFINITY, sum = 0;
    for (int k = 0; k < keys; k++) {
      if (kept[k]) largest = fmaxf(largest, scale * from_bf16(in[k]));
    }
    for (int k = 0; k < keys; k++) {
      if (kept[k]) sum += expf(scale * from_bf16(in[k]) - largest);
    }
    for (int k = 0; k < keys; k++) out[row * keys + k] = kept[k] ? to_bf16(expf(scale * from_bf16(in[k]) - largest) / sum) : 0;
  }
}
