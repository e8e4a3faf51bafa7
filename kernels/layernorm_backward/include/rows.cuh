// Pieces of eight columns, and sums of them: over a row by all of its threads, and down the rows by one thread.
#pragma once
static_assert(VECTORS >= 1 && VECTORS <= 3, "VECTORS is 1 to 3: a thread's sums are 16 registers a vector");

/** Eight bf16 values as f32: each is the upper half of one. */
__device__ void widen(uint4 v, float (&f)[8]) {
  const unsigned words[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
  for (int i = 0; i < 4; i++) {
    f[2 * i] = __uint_as_float(words[i] << 16);
    f[2 * i + 1] = __uint_as_float(words[i] & 0xFFFF0000u);
  }
}

__device__ unsigned pack(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const unsigned*>(&pair);
}

/** Columns c to c + 7 of a row: at once where rows begin at 16-byte boundaries, else one by one, with zeros beyond the end. */
__device__ uint4 load8(const __nv_bfloat16* row, int c, int cols) {
  if (cols % 8 == 0) return *reinterpret_cast<const uint4*>(row + c);
  unsigned words[4] = {};
#pragma unroll
  for (int i = 0; i < 8; i++) {
    if (c + i < cols) words[i / 2] |= (unsigned)reinterpret_cast<const unsigned short*>(row)[c + i] << i % 2 * 16;
  }
  return make_uint4(words[0], words[1], words[2], words[3]);
}

__device__ void store8(__nv_bfloat16* row, int c, int cols, const float (&f)[8]) {
  if (cols % 8 == 0) {
    *reinterpret_cast<uint4*>(row + c) = make_uint4(pack(f[0], f[1]), pack(f[2], f[3]), pack(f[4], f[5]), pack(f[6], f[7]));
    return;
  }
#pragma unroll
  for (int i = 0; i < 8; i++) {
    if (c + i < cols) row[c + i] = __float2bfloat16(f[i]);
  }
}

/** Eight columns of a row: g = dy * weight, and h, the normalised x. */
struct Eight {
  float d[8], g[8], h[8];

  __device__ Eight(uint4 dy, uint4 x, uint4 weight, float mean, float rstd) {
    widen(dy, d);
    widen(x, h);
    widen(weight, g);
#pragma unroll
    for (int i = 0; i < 8; i++) {
      g[i] *= d[i];
      h[i] = (h[i] - mean) * rstd;
    }
  }

  /** Of g, and of g * h. */
  __device__ void add_to(float2& sums) const {
#pragma unroll
    for (int i = 0; i < 8; i++) {
      sums.x += g[i];
      sums.y += g[i] * h[i];
    }
  }

  __device__ void store_gradient(__nv_bfloat16* dx, int c, int cols, float rstd, float2 means) const {
    float f[8];
#pragma unroll
    for (int i = 0; i < 8; i++) f[i] = rstd * (g[i] - means.x - h[i] * means.y);
    store8(dx, c, cols, f);
  }
};

/** Over the threads of one row. The caller alternates `shared`, so that nobody overwrites what others still read. */
__device__ float2 sum_row(float2 value, float2* shared) {
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    value.x += __shfl_xor_sync(~0u, value.x, lanes);
    value.y += __shfl_xor_sync(~0u, value.y, lanes);
  }
  const int warps = blockDim.x / 32;
  if (warps == 1) return value;
  shared += threadIdx.y * warps;
  if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = value;
  __syncthreads();
  value = make_float2(0, 0);
  for (int w = 0; w < warps; w++) {
    value.x += shared[w].x;
    value.y += shared[w].y;
  }
  return value;
}

/** Sums of eight columns that lie in memory, as no register is left for them: what the block's own rows came to. */
__device__ void add_in_memory(float* weight_part, float* bias_part, int c, int cols, const Eight& eight, bool first) {
#pragma unroll
  for (int i = 0; i < 8; i++) {
    if (c + i >= cols) return;
    weight_part[c + i] = (first ? 0 : weight_part[c + i]) + eight.d[i] * eight.h[i];
    bias_part[c + i] = (first ? 0 : bias_part[c + i]) + eight.d[i];
  }
}

/** Sums of a thread's columns, over the rows that it saw. */
struct Columns {
  float weight[VECTORS][8] = {}, bias[VECTORS][8] = {};

  __device__ void add(int i, const Eight& eight) {
#pragma unroll
    for (int e = 0; e < 8; e++) {
      weight[i][e] += eight.d[e] * eight.h[e];
      bias[i][e] += eight.d[e];
    }
  }

  /** The rows of a block's threads one after the other into shared memory, then out. A block of one row has no need of that. */
  __device__ void store(float* weight_part, float* bias_part, float* shared, int cols) const {
    float *weight_sums = blockDim.y == 1 ? weight_part : shared, *bias_sums = blockDim.y == 1 ? bias_part : shared + cols;
    for (int y = 0; y < blockDim.y; y++) {
#pragma unroll
      for (int i = 0; i < VECTORS; i++) {
#pragma unroll
        for (int e = 0; e < 8; e++) {
          const int c = (threadIdx.x + i * blockDim.x) * 8 + e;
          if (threadIdx.y != y || c >= cols) continue;
          weight_sums[c] = (y == 0 ? 0 : weight_sums[c]) + weight[i][e];
          bias_sums[c] = (y == 0 ? 0 : bias_sums[c]) + bias[i][e];
        }
      }
      __syncthreads();
    }
    if (blockDim.y == 1) return;
    for (int c = threadIdx.y * blockDim.x + threadIdx.x; c < cols; c += blockDim.x * blockDim.y) {
      weight_part[c] = shared[c];
      bias_part[c] = shared[cols + c];
    }
  }
};
