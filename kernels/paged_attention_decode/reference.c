/* kiln
launch:
  - kernel: attention_reference
    args: [q, k_pages, v_pages, page_starts, page_table, last_page, out, weights, scale, batch, kv_heads, group]
scratch: {weights: 8 * 16 * pages}
*/
// bf16 is the upper half of an f32. All in double, rounded once at the end, to nearest even.
#include <math.h>
#include <stdint.h>
#include <string.h>

static float from_bf16(uint16_t h) {
  const uint32_t bits = (uint32_t)h << 16;
  float f;
  memcpy(&f, &bits, 4);
  return f;
}

static uint16_t to_bf16(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/** Where the 128 numbers of a token and head are. */
static const uint16_t* row_of(const uint16_t* pages, const int* table, long token, int kv_heads, int head) {
  return pages + ((table[token / 16] * 16L + token % 16) * kv_heads + head) * 128;
}

void attention_reference(const uint16_t* q, const uint16_t* k_pages, const uint16_t* v_pages, const int* page_starts, const int* page_table,
                         const int* last_page, uint16_t* out, double* weights, float scale, int batch, int kv_heads, int group) {
  for (long s = 0; s < batch; s++) {
    const int* table = page_table + page_starts[s];
    const long held = page_starts[s + 1] - page_starts[s], tokens = held == 0 ? 0 : (held - 1) * 16 + last_page[s];
    for (long h = 0; h < kv_heads * group; h++) {
      const uint16_t* query = q + (s * kv_heads * group + h) * 128;
      double largest = -INFINITY, total = 0;
      for (long t = 0; t < tokens; t++) {
        const uint16_t* key = row_of(k_pages, table, t, kv_heads, h / group);
        double dot = 0;
        for (int d = 0; d < 128; d++) dot += (double)from_bf16(query[d]) * from_bf16(key[d]);
        weights[t] = dot * scale;
        largest = fmax(largest, weights[t]);
      }
      for (long t = 0; t < tokens; t++) {
        weights[t] = exp(weights[t] - largest);
        total += weights[t];
      }
      double results[128] = {0};
      for (long t = 0; t < tokens; t++) {
        const uint16_t* value = row_of(v_pages, table, t, kv_heads, h / group);
        for (int d = 0; d < 128; d++) results[d] += weights[t] * from_bf16(value[d]);
      }
      for (int d = 0; d < 128; d++) out[(s * kv_heads * group + h) * 128 + d] = tokens == 0 ? 0 : to_bf16((float)(results[d] / total));
    }
  }
}
