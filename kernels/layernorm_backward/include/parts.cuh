#pragma once

/** Adds up what the `parts` groups of rows came to, always in the same order. */
extern "C" __global__ void add_parts(const float* weight_parts, const float* bias_parts, float* dweight, float* dbias, int parts, int cols) {
  __shared__ float2 shared[8][32];
  const int x = threadIdx.x, y = threadIdx.y, c = blockIdx.x * 32 + x;
  float2 sums = make_float2(0, 0);
  if (c < cols) {
    for (int part = y; part < parts; part += 8) {
      sums.x += weight_parts[(size_t)part * cols + c];
      sums.y += bias_parts[(size_t)part * cols + c];
    }
  }
  shared[y][x] = sums;
  __syncthreads();
  if (y > 0 || c >= cols) return;
#pragma unroll
  for (int other = 1; other < 8; other++) {
    sums.x += shared[other][x].x;
    sums.y += shared[other][x].y;
  }
  dweight[c] = sums.x;
  dbias[c] = sums.y;
}
