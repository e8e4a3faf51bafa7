/* Elements of tensors: drawing random ones, and reading them as numbers. Compiled into the GPU's and the CPU's helper kernels.
 *
 * Every value depends on (index, two 64-bit keys of the judge) alone, so the inputs of any run can be drawn again later and
 * compared bit by bit. The keys are secret: a kernel that sees some inputs cannot work out the others from them instead of
 * reading memory. Codes of dtypes and distributions: see tensors.py.
 */
#ifdef __CUDACC__
#define KILN_FN __device__ __forceinline__
#else
#include <math.h>
#include <string.h>
#define KILN_FN static inline
#endif

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

enum { F64, F32, F16, BF16, I64, I32, U32, I8, U8, F8E4M3, F4E2M1X2 };
enum { UNIFORM, NORMAL, INTEGERS, BITS, ZEROS, SUBNORMAL, EXPONENTS, PERMUTATION, OFFSETS, SORTED_INTEGERS, BERNOULLI, SHUFFLED_OFFSETS };

KILN_FN u32 bits_of(float x) {
#ifdef __CUDACC__
  return __float_as_uint(x);
#else
  u32 b;
  memcpy(&b, &x, 4);
  return b;
#endif
}

KILN_FN float float_of(u32 b) {
#ifdef __CUDACC__
  return __uint_as_float(b);
#else
  float x;
  memcpy(&x, &b, 4);
  return x;
#endif
}

KILN_FN u64 bits_of_double(double x) {
#ifdef __CUDACC__
  return (u64)__double_as_longlong(x);
#else
  u64 b;
  memcpy(&b, &x, 8);
  return b;
#endif
}

/* The finaliser of splitmix64: the bytes of guard regions. */
KILN_FN u64 mix(u64 x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ull;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

/* Philox 4x32 with seven rounds (Salmon et al., SC 2011): four random words for index j. key1 takes the upper half of the counter, so
 * that 128 bits are secret. */
KILN_FN void draw_words(u64 j, u64 key0, u64 key1, u32 words[4]) {
  u32 c0 = (u32)j, c1 = (u32)(j >> 32), c2 = (u32)key1, c3 = (u32)(key1 >> 32), k0 = (u32)key0, k1 = (u32)(key0 >> 32);
  for (int round = 0; round < 7; round++) {
    u64 p0 = (u64)0xd2511f53u * c0, p1 = (u64)0xcd9e8d57u * c2;
    c0 = (u32)(p1 >> 32) ^ c1 ^ k0, c1 = (u32)p1;
    c2 = (u32)(p0 >> 32) ^ c3 ^ k1, c3 = (u32)p0;
    k0 += 0x9e3779b9u, k1 += 0xbb67ae85u;
  }
  words[0] = c0, words[1] = c1, words[2] = c2, words[3] = c3;
}

KILN_FN u32 element_bytes(int dtype) {
  return dtype == F64 || dtype == I64 ? 8 : dtype == F16 || dtype == BF16 ? 2 : dtype >= I8 ? 1 : 4;
}

/* Rounds a positive float's mantissa to its upper `keep` bits, ties to even; what is left is shifted down. */
KILN_FN u32 round_mantissa(u32 bits, int keep) {
  int drop = 23 - keep;
  return (bits + ((1u << (drop - 1)) - 1) + ((bits >> drop) & 1)) >> drop;
}

KILN_FN u32 encode_f16(float x) {
  u32 b = bits_of(x), sign = (b >> 16) & 0x8000u;
  float a = fabsf(x);
  if (!(a < 65520.0f)) return sign | (a != a ? 0x7e00u : 0x7c00u);
  if (a < 6.103515625e-05f) return sign | (u32)rintf(a * 16777216.0f);
  return sign | (round_mantissa(b & 0x7fffffffu, 10) - (112u << 10));
}

KILN_FN u32 encode_bf16(float x) {
  u32 b = bits_of(x);
  if (x != x) return 0x7fc0u;
  return (b + 0x7fffu + ((b >> 16) & 1)) >> 16;
}

/* Saturates at 448, as the converting instructions do. */
KILN_FN u32 encode_e4m3(float x) {
  u32 b = bits_of(x), sign = (b >> 24) & 0x80u, code;
  float a = fabsf(x);
  if (a != a) return 0x7fu;
  if (a >= 448.0f) return sign | 0x7eu;
  if (a < 0.015625f) return sign | (u32)rintf(a * 512.0f);
  code = round_mantissa(b & 0x7fffffffu, 3) - (120u << 3);
  return sign | (code > 0x7eu ? 0x7eu : code);
}

KILN_FN u32 encode_e2m1(float x) {
  float a = fabsf(x);
  u32 code = (a > 0.25f) + (a >= 0.75f) + (a > 1.25f) + (a >= 1.75f) + (a > 2.5f) + (a >= 3.5f) + (a > 5.0f);
  return ((bits_of(x) >> 28) & 8u) | code;
}

KILN_FN double decode_f16(u32 h) {
  u32 sign = (h & 0x8000u) << 16, e = (h >> 10) & 31, m = h & 1023;
  if (e == 0) return (sign ? -1.0 : 1.0) * m * 5.9604644775390625e-08;
  return float_of(sign | (e == 31 ? 0x7f800000u : (e + 112) << 23) | (m << 13));
}

KILN_FN double decode_e4m3(u32 c) {
  double sign = c & 0x80 ? -1.0 : 1.0;
  u32 e = (c >> 3) & 15, m = c & 7;
  if ((c & 0x7f) == 0x7f) return float_of(0x7fc00000u);
  if (e == 0) return sign * m * 0.001953125;
  return sign * float_of(((e + 120) << 23) | (m << 20));
}

KILN_FN double decode_e2m1(u32 c) {
  u32 e = (c >> 1) & 3, m = c & 1;
  double a = e == 0 ? 0.5 * m : (1.0 + 0.5 * m) * (1u << (e - 1));
  return c & 8 ? -a : a;
}

/* Element `i` as a number; of the two in a byte of f4e2m1x2 the one that `half` names. */
KILN_FN double read_element(const void* data, u64 i, int dtype, int half) {
  switch (dtype) {
    case F64: return ((const double*)data)[i];
    case F32: return ((const float*)data)[i];
    case F16: return decode_f16(((const u16*)data)[i]);
    case BF16: return float_of((u32)((const u16*)data)[i] << 16);
    case I64: return (double)((const i64*)data)[i];
    case I32: return ((const int*)data)[i];
    case U32: return ((const u32*)data)[i];
    case I8: return ((const signed char*)data)[i];
    case U8: return ((const u8*)data)[i];
    case F8E4M3: return decode_e4m3(((const u8*)data)[i]);
    default: return decode_e2m1((((const u8*)data)[i] >> (4 * half)) & 15);
  }
}

KILN_FN int is_integer(int dtype) { return dtype >= I64 && dtype <= U8; }

KILN_FN i64 read_integer(const void* data, u64 i, int dtype) {
  switch (dtype) {
    case I64: return ((const i64*)data)[i];
    case I32: return ((const int*)data)[i];
    case U32: return ((const u32*)data)[i];
    case I8: return ((const signed char*)data)[i];
    default: return ((const u8*)data)[i];
  }
}

/* How far element `i` of `out` is from `*reference`, that of `ref`: 0 exactly where they are equal. Integers are compared as integers, since
 * a double holds none beyond 2^53 exactly. Equal are also 0 and -0, any two NaN, and an infinity and itself. */
KILN_FN double distance_of(const void* out, const void* ref, u64 i, int dtype, int half, double* reference) {
  if (is_integer(dtype)) {
    i64 a = read_integer(out, i, dtype), b = read_integer(ref, i, dtype);
    *reference = (double)b;
    return (double)(a > b ? (u64)a - (u64)b : (u64)b - (u64)a);
  }
  double a = read_element(out, i, dtype, half), b = read_element(ref, i, dtype, half);
  *reference = b;
  return a == b || (a != a && b != b) ? 0.0 : fabs(a - b);
}

/* --- indices: right is every one that leads to the same element as the reference's. */

/* `of`: what they are indices of, in rows of `length`; 0: the output holds numbers, not indices. `each`: indices of a row. `seen`: a bit for each
 * element of `of`, 0 before; 0: an index may come twice in a row. */
typedef struct {
  u64 of, seen, length, each, dtype;
} Lookup;

enum { RIGHT, ANOTHER_VALUE, OUT_OF_RANGE, REPEATED };

KILN_FN int was_seen(u32* seen, u64 place) {
  u32 bit = 1u << (place & 31);
#ifdef __CUDACC__
  return (atomicOr(seen + (place >> 5), bit) & bit) != 0;
#else
  u32 before = seen[place >> 5];
  seen[place >> 5] = before | bit;
  return (before & bit) != 0;
#endif
}

/* What is wrong with an index of a row. */
KILN_FN int look_up(const Lookup* l, u64 row, i64 index, i64 expected) {
  u32 size = element_bytes((int)l->dtype);
  const u8* from = (const u8*)l->of + row * l->length * size;
  double value;
  if (index < 0 || (u64)index >= l->length || expected < 0 || (u64)expected >= l->length) return OUT_OF_RANGE;
  if (distance_of(from + index * size, from + expected * size, 0, (int)l->dtype, 0, &value) != 0.0) return ANOTHER_VALUE;
  return l->seen && was_seen((u32*)l->seen, row * l->length + index) ? REPEATED : RIGHT;
}

/* As distance_of, of element `at` of the tensor, which is element `i` of `out` and `ref`. */
KILN_FN double difference_of(const Lookup* l, const void* out, const void* ref, u64 i, u64 at, int dtype, int half, double* reference) {
  if (!l->of) return distance_of(out, ref, i, dtype, half, reference);
  *reference = 1.0;
  return look_up(l, at / l->each, read_integer(out, i, dtype), read_integer(ref, i, dtype));
}

KILN_FN void write_element(void* data, u64 i, int dtype, u64 bits) {
  switch (element_bytes(dtype)) {
    case 8: ((u64*)data)[i] = bits; break;
    case 4: ((u32*)data)[i] = (u32)bits; break;
    case 2: ((u16*)data)[i] = (u16)bits; break;
    default: ((u8*)data)[i] = (u8)bits;
  }
}

KILN_FN u64 read_bits(const void* data, u64 i, int dtype) {
  switch (element_bytes(dtype)) {
    case 8: return ((const u64*)data)[i];
    case 4: return ((const u32*)data)[i];
    case 2: return ((const u16*)data)[i];
    default: return ((const u8*)data)[i];
  }
}

/* The bits of one element of `dtype` nearest to `x`; `fine` adds bits below a float's to f64. */
KILN_FN u64 encode(float x, double fine, int dtype) {
  float r = rintf(x);
  switch (dtype) {
    case F64: return bits_of_double((double)x + (double)x * fine);
    case F32: return bits_of(x);
    case F16: return encode_f16(x);
    case BF16: return encode_bf16(x);
    case I64: return (u64)(i64)r;
    case I32: return (u32)(int)fminf(fmaxf(r, -2147483648.0f), 2147483520.0f);
    case U32: return (u32)fminf(fmaxf(r, 0.0f), 4294967040.0f);
    case I8: return (u8)(signed char)fminf(fmaxf(r, -128.0f), 127.0f);
    case U8: return (u8)fminf(fmaxf(r, 0.0f), 255.0f);
    case F8E4M3: return encode_e4m3(x);
    default: return encode_e2m1(x);
  }
}

/* A whole number as an element; integer types take it exactly. */
KILN_FN u64 encode_integer(i64 n, int dtype) {
  if (dtype >= I64 && dtype <= U8) return (u64)n;
  return dtype == F64 ? bits_of_double((double)n) : encode((float)n, 0.0, dtype);
}

KILN_FN i64 draw_integer(u32 random, double low, double high) {
  u64 span = (u64)(high - low) + 1;
  return (i64)low + (i64)(span >> 32 ? (u64)((double)random * 2.3283064365386963e-10 * (double)span) : ((u64)random * span) >> 32);
}

/* --- mixtures: every element is of one of a few distributions, chosen at random. Multiplications and additions are fused by name alone and
 * nothing approximate is called, so that all devices draw the same bits. */

#define COMPONENTS_MAX 8
#define CHOICE (1ull << 62) /* of an index: the words that choose the component */

/* `upto`: the largest choosing word that takes it; of the last one all bits are set. */
typedef struct {
  u32 upto;
  int kind;
  double p0, p1;
} Component;

typedef struct {
  Component of[COMPONENTS_MAX];
} Mixture;

/* Of 0 < x <= 1: x = 2^e * m with m about 1, log m = 2 atanh((m - 1) / (m + 1)). */
KILN_FN float exact_log(float x) {
  u32 b = bits_of(x), up = (b & 0x7fffffu) > 0x3504f3u;
  int e = (int)(b >> 23) - 127 + (int)up;
  float f = float_of((b & 0x7fffffu) | (up ? 0x3f000000u : 0x3f800000u)) - 1.0f, s = f / (2.0f + f), t = s * s;
  float p = fmaf(t, fmaf(t, fmaf(t, fmaf(t, 0.2222222222f, 0.2857142857f), 0.4f), 0.6666666667f), 2.0f);
  return fmaf((float)e, 0.6931471806f, s * p);
}

/* sin and cos of 2 pi k / 2^24, the latter where `quarter` is 1. */
KILN_FN float exact_wave(u32 k, u32 quarter) {
  u32 q = ((k >> 22) + quarter) & 3;
  float a = (float)(k & 0x3fffffu) * 3.7450702e-07f, t = a * a;
  float s = fmaf(t, fmaf(t, fmaf(t, fmaf(t, fmaf(t, -2.5052108e-08f, 2.7557319e-06f), -1.984127e-04f), 8.3333333e-03f), -0.16666667f), 1.0f);
  float c = fmaf(t, fmaf(t, fmaf(t, fmaf(t, fmaf(t, -2.7557319e-07f, 2.4801587e-05f), -1.3888889e-03f), 4.1666667e-02f), -0.5f), 1.0f);
  float v = q & 1 ? c : a * s;
  return q & 2 ? -v : v;
}

/* Four standard normal ones: of each pair of words, which is drawn from in polar coordinates, both. */
KILN_FN void exact_normals(const u32 words[4], float x[4]) {
#pragma unroll
  for (int n = 0; n < 4; n += 2) {
    float u = ((float)(words[n] >> 8) + 1.0f) * 5.9604644775390625e-08f, r = sqrtf(-2.0f * exact_log(u));
    x[n] = r * exact_wave(words[n + 1] >> 8, 1), x[n + 1] = r * exact_wave(words[n + 1] >> 8, 0);
  }
}

KILN_FN int mantissa_bits(int dtype) {
  switch (dtype) {
    case F64: return 52;
    case F32: return 23;
    case F16: return 10;
    case BF16: return 7;
    case F8E4M3: return 3;
    default: return 1;
  }
}

KILN_FN u64 sign_bit(int dtype, u32 random) {
  if (is_integer(dtype) || !(random & 1)) return 0;
  return dtype == F4E2M1X2 ? 8 : 1ull << (8 * element_bytes(dtype) - 1);
}

/* wide % (2^bits - 1), without dividing: the digits of base 2^bits add up to the same. */
KILN_FN u64 modulo_mantissas(u64 wide, int bits) {
  u64 most = (1ull << bits) - 1;
  if (bits == 1) return 0;
  while (wide > most) wide = (wide & most) + (wide >> bits);
  return wide == most ? 0 : wide;
}

/* The bits of the four elements of index `j`, each by the component that its choosing word takes; of f4e2m1x2 four of the bytes' values. Threads that
 * draw next to each other choose differently, so each component draws all four and every element takes its own: no thread waits for another. */
KILN_FN void mixed_bits(const Mixture* mixture, u64 j, u64 key0, u64 key1, int dtype, u64 bits[4]) {
  u32 words[4], more[4], choices[4];
  draw_words(j, key0, key1, words), draw_words(~j, key0, key1, more), draw_words(j | CHOICE, key0, key1, choices);
  int mantissa = mantissa_bits(dtype);
  for (int at = 0; at < COMPONENTS_MAX; at++) {
    const Component* c = mixture->of + at;
    u64 drawn[4] = {0, 0, 0, 0};
    float x[4] = {0, 0, 0, 0};
    int is_real = 1;
    switch (c->kind) {
      case UNIFORM:
#pragma unroll
        for (int n = 0; n < 4; n++) x[n] = fmaf((float)(words[n] >> 8) * 5.9604644775390625e-08f, (float)c->p1 - (float)c->p0, (float)c->p0);
        break;
      case NORMAL:
        exact_normals(words, x);
#pragma unroll
        for (int n = 0; n < 4; n++) x[n] = fmaf((float)c->p1, x[n], (float)c->p0);
        break;
      case EXPONENTS:
#pragma unroll
        for (int n = 0; n < 4; n++) {
          u32 e = (u32)(draw_integer(words[n], c->p0, c->p1) + 127);
          x[n] = float_of((more[n] & 1) << 31 | e << 23 | more[n] >> 9);
        }
        break;
      case INTEGERS:
#pragma unroll
        for (int n = 0; n < 4; n++) drawn[n] = encode_integer(draw_integer(words[n], c->p0, c->p1), dtype);
        is_real = 0;
        break;
      case BITS:
#pragma unroll
        for (int n = 0; n < 4; n++) drawn[n] = words[n] | (u64)more[n] << 32;
        is_real = 0;
        break;
      case ZEROS:
#pragma unroll
        for (int n = 0; n < 4; n++) drawn[n] = sign_bit(dtype, words[n]);
        is_real = 0;
        break;
      default: /* SUBNORMAL */
#pragma unroll
        for (int n = 0; n < 4; n++) drawn[n] = sign_bit(dtype, more[n]) | (1 + modulo_mantissas(words[n] | (u64)more[n] << 32, mantissa));
        is_real = 0;
    }
#pragma unroll
    for (int n = 0; n < 4; n++) {
      if (is_real) drawn[n] = encode(x[n], dtype == F64 ? (double)more[n] * 1.3877787807814457e-17 : 0.0, dtype);
      /* Of those that reach as far as the choosing word the first. */
      if (at == 0 || choices[n] > mixture->of[at - 1].upto) bits[n] = drawn[n];
    }
    if (c->upto == ~0u) break;
  }
}

/* --- structures: whole numbers that depend on each other along a tensor's last axis, which has `length` elements. Each is computed by itself, of
 * integers alone. */

/* OFFSETS and SORTED_INTEGERS: from `low` to `high`. SHUFFLED_OFFSETS: from 0 to `high`, of the lengths that `low` names. BERNOULLI: 1 where the drawn
 * word is below `low`, which is at most 2^32. */
typedef struct {
  u64 length;
  i64 low, high;
  u64 kind;
} Structure;

KILN_FN u64 part_of(u64 span, u32 share) { return (span >> 32) * share + ((span & 0xffffffffu) * share >> 32); }

/* Place `j` of a permutation of `length`: a Feistel network over the next power of two, walked until it comes back inside, and a rotation, since
 * a network over an even number of bits makes even permutations alone. */
KILN_FN u64 permuted(u64 j, u64 length, const u32 words[4]) {
  u64 key0 = words[0] | (u64)words[1] << 32, key1 = words[2] | (u64)words[3] << 32, x = j, rounds;
  int bits = 2, low;
  while (length > 1ull << bits) bits++;
  low = bits / 2, rounds = bits < 8 ? 24 : 8; /* halves of a few bits mix slowly */
  do {
    u64 left = x >> low, right = x & ((1ull << low) - 1);
    for (u64 round = 0; round < rounds; round += 2) {
      left ^= mix(mix(right + key0 + round) ^ key1) & ((1ull << (bits - low)) - 1);
      right ^= mix(mix(left + key1 + round) ^ key0) & ((1ull << low) - 1);
    }
    x = left << low | right;
  } while (x >= length);
  x += part_of(length, (u32)(mix(key0 ^ key1) >> 32));
  return x < length ? x : x - length;
}

/* The number halfway between two places whose numbers are `low` and `high`: rather in the middle than at an end. Of three places or fewer every fourth
 * time at an end, so that neighbours are equal. */
KILN_FN i64 between(u64 index, u64 places, i64 low, i64 high, u64 key0, u64 key1) {
  u32 words[4];
  draw_words(index, key0, key1, words);
  if (places <= 3 && words[2] < 0x40000000u) return words[3] & 1 ? low : high;
  return low + (i64)part_of((u64)(high - low) + 1, (words[0] >> 1) + (words[1] >> 1));
}

/* Of numbers that never fall from `low` at place 0 to `high` at place `last` that at `at`. `base`: of the indices that are drawn for this row. */
KILN_FN i64 rising(u64 at, u64 last, i64 low, i64 high, u64 base, u64 key0, u64 key1) {
  u64 first = 0;
  while (at != first && at != last) {
    u64 middle = first + (last - first) / 2;
    i64 value = between(base + middle, last - first, low, high, key0, key1);
    if (at <= middle) last = middle, high = value;
    if (at >= middle) first = middle, low = value;
  }
  return at == first ? low : high;
}

/* Segments `first` to `last` - 1 of the offsets that a seed of lengths names, which are `low` at the one and `high` at the other. */
typedef struct {
  u64 first, last;
  i64 low, high;
} Segments;

/* The two halves of at least two segments, in the order that is drawn: which lengths are in a half is the seed's, which half comes first the keys'. */
KILN_FN void shuffle_halves(Segments whole, u64 base, u64 seed, u64 key0, u64 key1, Segments* ahead, Segments* behind) {
  u32 words[4];
  u64 middle = whole.first + (whole.last - whole.first) / 2;
  i64 value = between(base + middle, whole.last - whole.first, whole.low, whole.high, seed, 0);
  Segments lower = {whole.first, middle, whole.low, value}, upper = {middle, whole.last, value, whole.high};
  draw_words(base + middle, key0, key1, words);
  *ahead = words[0] & 1 ? upper : lower, *behind = words[0] & 1 ? lower : upper;
}

/* The offset at `at` of `segments`, of which the first begins at 0. */
KILN_FN i64 shuffled(u64 at, Segments segments, u64 base, u64 seed, u64 key0, u64 key1) {
  i64 start = 0;
  while (at && segments.last - segments.first > 1) {
    Segments ahead, behind;
    shuffle_halves(segments, base, seed, key0, key1, &ahead, &behind);
    if (at < ahead.last - ahead.first) {
      segments = ahead;
    } else {
      at -= ahead.last - ahead.first, start += ahead.high - ahead.low, segments = behind;
    }
  }
  return at ? start + segments.high - segments.low : start;
}

KILN_FN Segments all_segments(const Structure* s) {
  Segments all = {0, s->length - 1, 0, s->high};
  return all;
}

/* Element `i` of the tensor. */
KILN_FN i64 structured(const Structure* s, u64 i, u64 key0, u64 key1) {
  u32 words[4];
  u64 row = i / s->length, j = i - row * s->length, base = row * s->length;
  switch (s->kind) {
    case PERMUTATION: draw_words(row, key0, key1, words); return (i64)permuted(j, s->length, words);
    case OFFSETS: return rising(j, s->length - 1, s->low, s->high, base, key0, key1);
    case SORTED_INTEGERS: return rising(j + 1, s->length + 1, s->low, s->high, base, key0, key1);
    case SHUFFLED_OFFSETS: return shuffled(j, all_segments(s), base, (u64)s->low, key0, key1);
    default: draw_words(i / 4, key0, key1, words); return words[i % 4] < (u64)s->low;
  }
}
