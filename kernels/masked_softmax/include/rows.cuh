// A row's scores stay in registers between the pass that sums and the one that writes: VECTORS times eight a thread. What does not fit is read again.
#pragma once
#include "scores.cuh"
static_assert(VECTORS >= 1 && VECTORS <= 4, "VECTORS is 1 to 4: of the 64 registers that a thread of 1024 has");

/** A thread's part of a row's keys, from `begin` to `end`. */
struct Keys {
  const __nv_bfloat16* x;
  const unsigned char* mask;
  __nv_bfloat16* out;
  int first, end, step;
  float factor;
  bool aligned;
  uint4 kept[VECTORS];

  __device__ Keys(const __nv_bfloat16* x, const unsigned char* mask, __nv_bfloat16* out, int begin, int end, float scale, bool aligned)
      : x(x), mask(mask), out(out), first(begin + threadIdx.x * 8), end(end), step(blockDim.x * 8), factor(scale * LOG2_E), aligned(aligned) {}

  /** Reads them. The largest of all in registers first, so that each has one exponential. */
  __device__ Total total() {
    Total total = {LOWEST, 0};
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
      const int k = first + i * step;
      if (k < end) kept[i] = load8(x, mask, k, end, aligned);
    }
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
      if (first + i * step < end) total.largest = fmaxf(total.largest, largest_of(kept[i]));
    }
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
      if (first + i * step < end) total.sum += sum_of(kept[i], total.largest, factor);
    }
    for (int k = first + VECTORS * step; k < end; k += step) {
      const uint4 v = load8(x, mask, k, end, aligned);
      const float largest = largest_of(v);
      total = merge(total, {largest, sum_of(v, largest, factor)}, factor);
    }
    return total;
  }

  /** `total`: of the whole row. */
  __device__ void store(Total total) const {
    const float by = total.sum > 0 ? 1 / total.sum : 0;
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
      const int k = first + i * step;
      if (k < end) store8(out, k, end, aligned, kept[i], total.largest, factor, by);
    }
    for (int k = first + VECTORS * step; k < end; k += step) store8(out, k, end, aligned, load8(x, mask, k, end, aligned), total.largest, factor, by);
  }
};
