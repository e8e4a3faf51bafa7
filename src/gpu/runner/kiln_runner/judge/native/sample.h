/* Samples of outputs: which cells of 16 bytes the judge copies after a timed run, and what it leaves behind in their place. Shared by the
 * GPU's and the CPU's helper kernels; appended to element.h.
 *
 * An output is divided into stretches of `width` cells; each gives one cell, at a place that a key drawn for the run decides.
 */
#define CELL_BYTES 16

#ifdef __CUDACC__
struct __align__(CELL_BYTES) Cell { u32 words[4]; };
#else
typedef struct { u32 words[4]; } Cell;
#endif

/* One output of one replica, or a side's scratch (no samples). `count`: of its stretches; `first`: of its samples among those of a run. */
typedef struct { u64 pointer, bytes, cells, width, count, first, dtype, how; } Row;
/* A run whose samples lie at `slot`, and the key that decided where they were taken. */
typedef struct { u64 slot, key; } Sampled;

enum { LEAVE, POISON_ALL, POISON_CELLS };

/* The last stretch may be shorter. */
KILN_FN u64 cells_in(u64 i, const Row* r) {
  u64 left = r->cells - i * r->width;
  return left < r->width ? left : r->width;
}

KILN_FN u64 below(u64 random, u64 limit) { return ((random >> 32) * limit) >> 32; }

/* No division: every thread of the kernel that takes samples would wait for it. */
KILN_FN u64 cell_of(u64 key, u64 row, u64 i, const Row* r) {
  return i * r->width + below(mix(mix(key + row) + i), cells_in(i, r));
}

/* Bytes beyond the end of the buffer are not read, and count as zero. */
KILN_FN Cell load_cell(const void* data, u64 cell, u64 bytes) {
  u64 at = cell * CELL_BYTES;
  if (at + CELL_BYTES <= bytes) return ((const Cell*)data)[cell];
  Cell tail = {{0, 0, 0, 0}};
  for (u64 k = at; k < bytes; k++) tail.words[(k - at) / 4] |= (u32)((const u8*)data)[k] << (8 * ((k - at) & 3));
  return tail;
}

KILN_FN void store_cell(void* data, u64 cell, u64 bytes, Cell value) {
  u64 at = cell * CELL_BYTES;
  if (at + CELL_BYTES <= bytes) {
    ((Cell*)data)[cell] = value;
    return;
  }
  for (u64 k = at; k < bytes; k++) ((u8*)data)[k] = (u8)(value.words[(k - at) / 4] >> (8 * ((k - at) & 3)));
}

/* Of every element of `dtype` in a word the bit below the sign: a number that differs by far more than any tolerance. */
KILN_FN u32 far_bits(int dtype, int word) {
  switch (element_bytes(dtype)) {
    case 8: return word & 1 ? 0x40000000u : 0;
    case 4: return 0x40000000u;
    case 2: return 0x40004000u;
    default: return dtype == F4E2M1X2 ? 0x44444444u : 0x40404040u;
  }
}

/* The cell of a stretch that is poisoned: in every second one that of the next sample, elsewhere another, which a coin of the key decides. A kernel
 * that looks for what was poisoned repairs what is sampled there at best; the other samples tell of runs on new inputs. */
KILN_FN u64 poisoned_cell(u64 key, u64 row, u64 i, const Row* r) {
  return cell_of(mix(mix(key + row) + i) & 1 ? key : mix(~key), row, i, r);
}

/* A value that looks like the output's others and is not what stood there: a cell of the same stretch; where that is the same, one far off. */
KILN_FN void poison_cell(void* data, u64 row, u64 i, u64 key, const Row* r) {
  u64 target = poisoned_cell(key, row, i, r), here = cells_in(i, r), low = i * r->width;
  u64 source = target - low + 1 + below(mix(mix(~key + row) + i), here - 1);
  source = low + (source < here ? source : source - here);
  Cell old = load_cell(data, target, r->bytes), other = load_cell(data, source, r->bytes);
  u32 same = 1;
  for (int k = 0; k < 4; k++) same &= old.words[k] == other.words[k];
  if (same)
    for (int k = 0; k < 4; k++) other.words[k] ^= far_bits((int)r->dtype, k);
  store_cell(data, target, r->bytes, other);
}

/* 16 bits that are a NaN in f16 and bf16, and the upper half of a NaN in f32 and f64. */
KILN_FN u32 nan_half(u32 random) { return 0x7ff8u | (random & 0x8007u); }

/* 32 bits that are NaN where the type has it, and not the same at each run. */
KILN_FN u32 poison_word(u64 key, u64 row, int dtype) {
  u64 random = mix(mix(~key) + row);
  switch (dtype) {
    case F64: case F32: case F16: case BF16: return nan_half((u32)random) << 16 | nan_half((u32)(random >> 32));
    case F8E4M3: return 0x7f7f7f7fu | ((u32)random & 0x80808080u);
    default: return (u32)random;
  }
}

/* How far the norms of a sample may be off before it counts against a side. `difference2` of the sample is a part of the whole's, so beyond
 * bound^2 the whole is outside for certain. Below, a sample that is random in every stretch tells the whole's by its share: no luck makes it
 * FAR_RATIO times as large, once the few cells that may carry all of the error are left out. */
#define FAR_RATIO 4.0
#define CELLS_LEFT_OUT 8.0

KILN_FN int sample_is_far(double difference2, double largest, double share, double bound) {
  return difference2 > bound * bound || (difference2 - CELLS_LEFT_OUT * largest) / share > FAR_RATIO * bound * bound;
}
