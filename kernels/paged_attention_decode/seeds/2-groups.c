/* kiln
params: {WIDTH: 8}
space: {WIDTH: [4, 8, 16]}
launch:
  - kernel: attention
    args: [q, k_pages, v_pages, page_starts, page_table, last_page, out, scale, batch, kv_heads, group]
*/
// Keys and values are read and widened once for all query heads that share them, a page at a time: 16 logits of each head, one look whether the largest has grown, then
// the 16 values. Vectors of WIDTH floats.
#include <math.h>
#include <stdint.h>
#include <string.h>
_Static_assert(WIDTH == 4 || WIDTH == 8 || WIDTH == 16, "WIDTH is 4, 8 or 16 floats");
#define VECTORS (128 / WIDTH)
typedef float vec __attribute__((vector_size(WIDTH * 4)));
typedef uint32_t words __attribute__((vector_size(WIDTH * 4)));
typedef uint16_t halves __attribute__((vector_size(WIDTH * 2)));

/** bf16 is the upper half of an f32. */
static inline vec widened(const uint16_t* from) {
  halves h;
  memcpy(&h, from, sizeof h);
  return (vec)(__builtin_convertvector(h, words) << 16);
}

static inline uint16_t to_bf16(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

struct Head {
  vec query[VECTORS], results[VECTORS];
  float weights[16], largest, total;
};

static inline void add_keys(struct Head* heads, int group, const uint16_t* key, int slot) {
  vec k[VECTORS];
  for (int i = 0; i < VECTORS; i++) k[i] = widened(key + i * WIDTH);
  for (int g = 0; g < group; g++) {
    vec sums = {};
    for (int i = 0; i < VECTORS; i++) sums += heads[g].query[i] * k[i];
    float logit = 0;
    for (int i = 0; i < WIDTH; i++) logit += sums[i];
    heads[g].weights[slot] = logit;
  }
}

/** From logits to weights. */
static inline void weigh(struct Head* head, int slots) {
  float largest = head->largest;
  for (int i = 0; i < slots; i++) largest = head->weights[i] > largest ? head->weights[i] : largest;
  if (largest > head->largest) {
    const float before = expf(head->largest - largest);
    for (int i = 0; i < VECTORS; i++) head->results[i] *= before;
    head->total *= before;
    head->largest = largest;
  }
  for (int i = 0; i < slots; i++) {
    head->weights[i] = expf(head->weights[i] - largest);
    head->total += head->weights[i];
  }
}

static inline void add_values(struct Head* heads, int group, const uint16_t* value, int slot) {
  vec v[VECTORS];
  for (int i = 0; i < VECTORS; i++) v[i] = widened(value + i * WIDTH);
  for (int g = 0; g < group; g++) {
    for (int i = 0; i < VECTORS; i++) heads[g].results[i] += heads[g].weights[slot] * v[i];
  }
}

void attention(const uint16_t* restrict q, const uint16_t* restrict k_pages, const uint16_t* restrict v_pages, const int* restrict page_starts,
               const int* restrict page_table, const int* restrict last_page, uint16_t* restrict out, float scale, int batch, int kv_heads, int group) {
  struct Head heads[8];
  for (long s = 0; s < batch; s++) {
    const int first = page_starts[s], end = page_starts[s + 1];
    for (long kv = 0; kv < kv_heads; kv++) {
      const long row = (s * kv_heads + kv) * group * 128;
      for (int g = 0; g < group; g++) {
        heads[g].largest = -3.4028235e38f;
        heads[g].total = 0;
        for (int i = 0; i < VECTORS; i++) {
          heads[g].query[i] = widened(q + row + g * 128 + i * WIDTH) * scale;
          heads[g].results[i] = (vec){};
        }
      }
      for (long page = first; page < end; page++) {
        const int slots = page + 1 < end ? 16 : last_page[s];
        const long at = (page_table[page] * 16L * kv_heads + kv) * 128;
        for (int i = 0; i < slots; i++) add_keys(heads, group, k_pages + at + i * kv_heads * 128L, i);
        for (int g = 0; g < group; g++) weigh(&heads[g], slots);
        for (int i = 0; i < slots; i++) add_values(heads, group, v_pages + at + i * kv_heads * 128L, i);
      }
      for (int g = 0; g < group; g++) {
        const float by = first == end ? 0 : 1 / heads[g].total;
        for (int d = 0; d < 128; d++) out[row + g * 128 + d] = to_bf16(heads[g].results[d / WIDTH][d % WIDTH] * by);
      }
    }
  }
}
