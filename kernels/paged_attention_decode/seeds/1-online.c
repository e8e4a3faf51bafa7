/* kiln
launch:
  - kernel: attention
    args: [q, k_pages, v_pages, page_starts, page_table, last_page, out, scale, batch, kv_heads, group]
*/
// One pass over the tokens: where a larger logit appears, what was summed before is scaled down. Sums side by side become vector lanes.
#include <math.h>
#include <stdint.h>
#include <string.h>

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

static inline float dot(const float* restrict query, const uint16_t* restrict key) {
  float sums[16] = {0}, sum = 0;
  for (int d = 0; d < 128; d += 16) {
    for (int i = 0; i < 16; i++) sums[i] += query[d + i] * from_bf16(key[d + i]);
  }
  for (int i = 0; i < 16; i++) sum += sums[i];
  return sum;
}

void attention(const uint16_t* restrict q, const uint16_t* restrict k_pages, const uint16_t* restrict v_pages, const int* restrict page_starts,
               const int* restrict page_table, const int* restrict last_page, uint16_t* restrict out, float scale, int batch, int kv_heads, int group) {
  for (long s = 0; s < batch; s++) {
    const int* table = page_table + page_starts[s];
    const long held = page_starts[s + 1] - page_starts[s], tokens = held == 0 ? 0 : (held - 1) * 16 + last_page[s];
    for (long h = 0; h < kv_heads * group; h++) {
      const long row = (s * kv_heads * group + h) * 128;
      float query[128], results[128] = {0}, largest = -3.4028235e38f, total = 0;
      for (int d = 0; d < 128; d++) query[d] = from_bf16(q[row + d]) * scale;
      for (long t = 0; t < tokens; t++) {
        const long at = ((table[t / 16] * 16L + t % 16) * kv_heads + h / group) * 128;
        const float logit = dot(query, k_pages + at);
        if (logit > largest) {
          const float before = expf(largest - logit);
          for (int d = 0; d < 128; d++) results[d] *= before;
          total *= before;
          largest = logit;
        }
        const float weight = expf(logit - largest);
        for (int d = 0; d < 128; d++) results[d] += weight * from_bf16(v_pages[at + d]);
        total += weight;
      }
      for (int d = 0; d < 128; d++) out[row + d] = tokens == 0 ? 0 : to_bf16(results[d] / total);
    }
  }
}
