/* kiln
launch:
  - kernel: masked_softmax_reference
    args: [x, mask, out, scale, batch, heads, queries, keys]
*/
// Three passes over each row, sums in double, rounded once at the end.
#include <math.h>
#include "bf16.h"

void masked_softmax_reference(const uint16_t* x, const uint8_t* mask, uint16_t* out, float scale, int batch, int heads, int queries, int keys) {
  for (long row = 0; row < (long)batch * heads * queries; row++) {
    const uint16_t* in = x + row * keys;
    const uint8_t* kept = mask + (row / (heads * queries) * queries + row % queries) * keys;
    double largest = -INFINITY, sum = 0;
    for (int k = 0; k < keys; k++) largest = kept[k] ? fmax(largest, (double)scale * from_bf16(in[k])) : largest;
    for (int k = 0; k < keys; k++) sum += kept[k] ? exp((double)scale * from_bf16(in[k]) - largest) : 0;
    for (int k = 0; k < keys; k++) out[row * keys + k] = to_bf16(kept[k] ? (float)(exp((double)scale * from_bf16(in[k]) - largest) / sum) : 0);
  }
}
