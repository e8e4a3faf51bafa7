# expect: passed
# problem: transpose
# On the legacy stream, as most of what is public does.
import torch
from torch.utils.cpp_extension import load_inline

CUDA = """
#include <torch/extension.h>

__global__ void turn(const float* a, float* out, int rows, int cols) {
  __shared__ float tile[32][33];
  for (int y = threadIdx.y; y < 32; y += 8) {
    int r = blockIdx.y * 32 + y, c = blockIdx.x * 32 + threadIdx.x;
    if (r < rows && c < cols) tile[y][threadIdx.x] = a[(size_t)r * cols + c];
  }
  __syncthreads();
  for (int y = threadIdx.y; y < 32; y += 8) {
    int c = blockIdx.x * 32 + y, r = blockIdx.y * 32 + threadIdx.x;
    if (r < rows && c < cols) out[(size_t)c * rows + r] = tile[threadIdx.x][y];
  }
}

void turn_into(torch::Tensor a, torch::Tensor out) {
  int rows = a.size(0), cols = a.size(1);
  turn<<<dim3((cols + 31) / 32, (rows + 31) / 32), dim3(32, 8)>>>(a.data_ptr<float>(), out.data_ptr<float>(), rows, cols);
}
"""
module = load_inline(
    name="turn", cpp_sources="void turn_into(torch::Tensor a, torch::Tensor out);", cuda_sources=CUDA, functions=["turn_into"],
    extra_cuda_cflags=["-O3"],
)


def custom_kernel(data):
    a, out = data
    module.turn_into(a, out)
