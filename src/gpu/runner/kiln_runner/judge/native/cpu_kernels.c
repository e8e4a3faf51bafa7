/* The judge's own kernels for the cpu device: the same questions as gpu_kernels.cu asks, on memory of this process. Appended to element.h. */
#include <stdint.h>

#define BLOCK 512 /* elements drawn at a time: hashes first, then arithmetic that the compiler vectorises */

static void normal_pairs(const u64* hashes, float mean, float std, float* out) {
  for (int j = 0; j < BLOCK / 2; j++) {
    float u = ((float)(int)((u32)hashes[j] >> 8) + 1.0f) * 5.9604644775390625e-08f;
    float angle = (float)(int)((u32)(hashes[j] >> 32) >> 8) * (6.283185307179586f * 5.9604644775390625e-08f);
    float r = std * sqrtf(-2.0f * logf(u));
    out[2 * j] = mean + r * cosf(angle);
    out[2 * j + 1] = mean + r * sinf(angle);
  }
}

static void uniform_pairs(const u64* hashes, float low, float span, float* out) {
  for (int j = 0; j < BLOCK / 2; j++) {
    out[2 * j] = low + span * ((float)(int)((u32)hashes[j] >> 8) * 5.9604644775390625e-08f);
    out[2 * j + 1] = low + span * ((float)(int)((u32)(hashes[j] >> 32) >> 8) * 5.9604644775390625e-08f);
  }
}

static u64 one_element(u64 h, int second, float x, int dtype, int kind, double p0, double p1) {
  u32 random = (u32)(second ? h >> 32 : h);
  if (kind == BITS) return element_bytes(dtype) == 8 && second ? mix(h) : element_bytes(dtype) == 8 ? h : random;
  if (kind == INTEGERS) return encode_integer(draw_integer(random, p0, p1), dtype);
  return encode(x, (double)(u32)h * 1.3877787807814457e-17, dtype);
}

/* Draws `elements` elements; f4e2m1x2 takes one pair a byte. */
void kiln_draw(void* data, u64 elements, int dtype, int kind, double p0, double p1, u64 key0, u64 key1) {
  u64 values = dtype == F4E2M1X2 ? 2 * elements : elements;
  for (u64 at = 0; at < values; at += BLOCK) {
    u64 hashes[BLOCK / 2];
    float x[BLOCK];
    u64 count = values - at < BLOCK ? values - at : BLOCK;
    for (int j = 0; j < BLOCK / 2; j++) hashes[j] = hash(at / 2 + j, key0, key1);
    if (kind == NORMAL) normal_pairs(hashes, (float)p0, (float)p1, x);
    if (kind == UNIFORM) uniform_pairs(hashes, (float)p0, (float)(p1 - p0), x);
    if (dtype == F32 && kind <= NORMAL) {
      memcpy((float*)data + at, x, count * sizeof(float));
    } else if (dtype == F4E2M1X2) {
      for (u64 i = 0; i < count; i += 2) {
        u64 a = one_element(hashes[i / 2], 0, x[i], dtype, kind, p0, p1), b = one_element(hashes[i / 2], 1, x[i + 1], dtype, kind, p0, p1);
        ((u8*)data)[(at + i) / 2] = kind == BITS ? (u8)a : (u8)((a & 15) | (b & 15) << 4);
      }
    } else {
      for (u64 i = 0; i < count; i++) write_element(data, at + i, dtype, one_element(hashes[i / 2], i & 1, x[i], dtype, kind, p0, p1));
    }
  }
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
static void compare_numbers(double out, double ref, double rtol, double atol, u64 i, Comparison* c) {
  int finite = ref - ref == 0.0;
  if (finite) c->reference2 += ref * ref;
  if (out == ref || (out != out && ref != ref)) return;
  double d = fabs(out - ref);
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
    for (int half = 0; half < (dtype == F4E2M1X2 ? 2 : 1); half++)
      compare_numbers(read_element(out, i, dtype, half), read_element(ref, i, dtype, half), rtol, atol, i, c);
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
