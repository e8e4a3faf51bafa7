/* The judge's own kernels for the cpu device: the same questions as gpu_kernels.cu asks, on memory of this process. Appended to element.h. */
#include <stdint.h>
#include <stdlib.h>

#define BLOCK 512 /* elements drawn at a time: hashes first, then arithmetic that the compiler vectorises */

static void draw_block(u64 first, u64 key0, u64 key1, u32* words) {
  for (int j = 0; j < BLOCK / 4; j++) draw_words(first + j, key0, key1, words + 4 * j);
}

static float unit(u32 word) { return (float)(int)(word >> 8) * 5.9604644775390625e-08f; }

static void to_normal(const u32* words, float mean, float std, float* out) {
  for (int j = 0; j < BLOCK / 2; j++) {
    float r = std * sqrtf(-2.0f * logf(unit(words[2 * j]) + 5.9604644775390625e-08f)), angle = 6.283185307179586f * unit(words[2 * j + 1]);
    out[2 * j] = mean + r * cosf(angle);
    out[2 * j + 1] = mean + r * sinf(angle);
  }
}

static void to_uniform(const u32* words, float low, float span, float* out) {
  for (int j = 0; j < BLOCK; j++) out[j] = low + span * unit(words[j]);
}

/* Draws `elements` elements; each byte of f4e2m1x2 takes two values. */
void kiln_draw(void* data, u64 elements, int dtype, int kind, double p0, double p1, u64 key0, u64 key1) {
  u64 values = dtype == F4E2M1X2 ? 2 * elements : elements;
  for (u64 at = 0; at < values; at += BLOCK) {
    u32 words[BLOCK], more[BLOCK];
    float x[BLOCK];
    u64 count = values - at < BLOCK ? values - at : BLOCK, bits[BLOCK];
    draw_block(at / 4, key0, key1, words);
    if (kind == NORMAL) to_normal(words, (float)p0, (float)p1, x);
    if (kind == UNIFORM) to_uniform(words, (float)p0, (float)(p1 - p0), x);
    if (dtype == F32 && kind <= NORMAL) {
      memcpy((float*)data + at, x, count * sizeof(float));
      continue;
    }
    if (kind == BITS) draw_block(~(at / 4), key0, key1, more);
    for (u64 i = 0; i < count; i++) {
      if (kind == BITS) bits[i] = words[i] | (u64)more[i] << 32;
      else if (kind == INTEGERS) bits[i] = encode_integer(draw_integer(words[i], p0, p1), dtype);
      else bits[i] = encode(x[i], (double)words[i ^ 1] * 1.3877787807814457e-17, dtype);
    }
    if (dtype != F4E2M1X2) {
      for (u64 i = 0; i < count; i++) write_element(data, at + i, dtype, bits[i]);
    } else {
      for (u64 i = 0; i < count; i += 2) ((u8*)data)[(at + i) / 2] = kind == BITS ? (u8)bits[i] : (u8)((bits[i] & 15) | (bits[i + 1] & 15) << 4);
    }
  }
}

/* As kiln_draw, of a mixture. */
void kiln_draw_mixture(void* data, u64 elements, int dtype, const Mixture* mixture, u64 key0, u64 key1) {
  u64 values = dtype == F4E2M1X2 ? 2 * elements : elements;
  for (u64 j = 0; 4 * j < values; j++) {
    u64 bits[4];
    mixed_bits(mixture, j, key0, key1, dtype, bits);
    for (int n = 0; n < 4 && 4 * j + n < values; n++) {
      u8* byte = (u8*)data + (4 * j + n) / 2;
      if (dtype != F4E2M1X2) write_element(data, 4 * j + n, dtype, bits[n]);
      else *byte = n % 2 ? (u8)(*byte | bits[n] << 4) : (u8)(bits[n] & 15);
    }
  }
}

/* What lies between two places of a row: each middle is drawn once, not once for every element beside it. `row`: its place 0. */
static void draw_between(const Structure* s, i64* row, u64 first, u64 last, u64 base, u64 key0, u64 key1) {
  u64 middle = first + (last - first) / 2;
  if (middle == first) return;
  row[middle] = between(base + middle, last - first, row[first], row[last], key0, key1);
  draw_between(s, row, first, middle, base, key0, key1), draw_between(s, row, middle, last, base, key0, key1);
}

/* The offsets behind `row[0]`, which is where the first of the segments begins. */
static void draw_shuffled(const Structure* s, i64* row, Segments segments, u64 base, u64 key0, u64 key1) {
  Segments ahead, behind;
  if (segments.last - segments.first == 1) {
    row[1] = row[0] + segments.high - segments.low;
    return;
  }
  shuffle_halves(segments, base, (u64)s->low, key0, key1, &ahead, &behind);
  draw_shuffled(s, row, ahead, base, key0, key1), draw_shuffled(s, row + (ahead.last - ahead.first), behind, base, key0, key1);
}

static void draw_rows(void* data, u64 elements, int dtype, const Structure* s, u64 key0, u64 key1) {
  u64 ends = s->kind == SORTED_INTEGERS, last = s->length - 1 + 2 * ends;
  i64* row = malloc((last + 1) * sizeof(i64));
  if (!row) abort();
  for (u64 base = 0; base < elements; base += s->length) {
    row[0] = s->kind == SHUFFLED_OFFSETS ? 0 : s->low, row[last] = s->high;
    if (s->kind == SHUFFLED_OFFSETS) draw_shuffled(s, row, all_segments(s), base, key0, key1);
    else draw_between(s, row, 0, last, base, key0, key1);
    for (u64 j = 0; j < s->length; j++) write_element(data, base + j, dtype, encode_integer(row[j + ends], dtype));
  }
  free(row);
}

/* As kiln_draw, of a structure. */
void kiln_draw_structure(void* data, u64 elements, int dtype, const Structure* s, u64 key0, u64 key1) {
  if (s->kind == OFFSETS || s->kind == SORTED_INTEGERS || s->kind == SHUFFLED_OFFSETS) {
    draw_rows(data, elements, dtype, s, key0, key1);
    return;
  }
  for (u64 i = 0; i < elements; i++) write_element(data, i, dtype, encode_integer(structured(s, i, key0, key1), dtype));
}

void kiln_poison(void* data, u64 bytes, u32 pattern) {
  u64 words = bytes / 4;
  for (u64 i = 0; i < words; i++) memcpy((u8*)data + 4 * i, &pattern, 4);
  memcpy((u8*)data + 4 * words, &pattern, bytes - 4 * words);
}

void kiln_guard_fill(u8* data, u64 length, u64 key) {
  for (u64 w = 0; 8 * w < length; w++) {
    u64 pattern = mix(key + w);
    memcpy(data + 8 * w, &pattern, length - 8 * w < 8 ? length - 8 * w : 8);
  }
}

/* found[0] = first damaged offset + 1, found[1] = last damaged offset + 1; 0: none. */
void kiln_guard_check(const u8* data, u64 length, u64 key, u64* found) {
  found[0] = found[1] = 0;
  for (u64 w = 0; 8 * w < length; w++) {
    u64 pattern = mix(key + w);
    if (length - 8 * w >= 8 && !memcmp(data + 8 * w, &pattern, 8)) continue;
    for (u64 i = 8 * w; i < 8 * w + 8 && i < length; i++, pattern >>= 8) {
      if (data[i] == (u8)pattern) continue;
      if (!found[0]) found[0] = i + 1;
      found[1] = i + 1;
    }
  }
}

typedef struct {
  u64 mismatches, first, worst;
  double difference2, reference2;
} Comparison;

/* `first` and `worst` as in gpu_kernels.cu: ~index, and error bits above ~index. Built without -ffast-math: it reads NaN. */
static void count_distance(double d, double ref, double rtol, double atol, u64 i, Comparison* c) {
  int finite = ref - ref == 0.0;
  if (finite) c->reference2 += ref * ref;
  if (d == 0.0) return;
  float f = d == d ? (float)d : INFINITY;
  u64 worst = (u64)bits_of(f) << 32 | (u32)~i;
  if (worst > c->worst) c->worst = worst;
  if (!(d <= atol + rtol * fabs(ref)) || !finite) {
    c->mismatches++;
    if (~i > c->first) c->first = ~i;
  }
  c->difference2 += d * d;
}

void kiln_compare(const void* out, const void* ref, u64 elements, int dtype, double rtol, double atol, Comparison* c) {
  memset(c, 0, sizeof *c);
  for (u64 i = 0; i < elements; i++)
    for (int half = 0; half < (dtype == F4E2M1X2 ? 2 : 1); half++) {
      double reference, d = distance_of(out, ref, i, dtype, half, &reference);
      count_distance(d, reference, rtol, atol, i, c);
    }
}

/* As kiln_compare, of indices. */
void kiln_compare_indices(const void* out, const void* ref, u64 elements, int dtype, const Lookup* l, Comparison* c) {
  memset(c, 0, sizeof *c);
  for (u64 i = 0; i < elements; i++) {
    double reference, d = difference_of(l, out, ref, i, i, dtype, 0, &reference);
    count_distance(d, reference, 0.0, 0.0, i, c);
  }
}

double kiln_read(const void* data, u64 i, int dtype, int half) { return read_element(data, i, dtype, half); }

/* Drops the lines of [data, data + bytes) from every cache of the machine, whichever core runs the candidate. */
void kiln_flush(const void* data, u64 bytes) {
  for (u64 i = 0; i < bytes; i += 64) {
#if defined(__x86_64__)
    __builtin_ia32_clflush((const char*)data + i);
#elif defined(__aarch64__)
    __asm__ volatile("dc civac, %0" ::"r"((const char*)data + i) : "memory");
#endif
  }
#if defined(__x86_64__)
  __builtin_ia32_mfence();
#elif defined(__aarch64__)
  __asm__ volatile("dsb sy" ::: "memory");
#endif
}
