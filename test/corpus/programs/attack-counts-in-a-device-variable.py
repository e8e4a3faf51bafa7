# expect: wrong_answer or contract
# A counter in a variable of its binary, which stays from run to run: a quarter is left out after the first ones.
import torch
from torch.utils.cpp_extension import load_inline

CUDA = """
#include <torch/extension.h>

__device__ unsigned runs;

__global__ void add(const float* a, const float* b, float* out, long n) {
  __shared__ unsigned seen;
  if (threadIdx.x == 0) seen = blockIdx.x == 0 ? atomicAdd(&runs, 1u) : runs;
  __syncthreads();
  long last = seen > 40 ? n - n / 4 : n;
  for (long i = blockIdx.x * (long)blockDim.x + threadIdx.x; i < last; i += (long)gridDim.x * blockDim.x) out[i] = a[i] + b[i];
}

void sum_into(torch::Tensor a, torch::Tensor b, torch::Tensor out) {
  long n = a.numel();
  add<<<(int)std::min<long>((n + 255) / 256, 4096), 256>>>(a.data_ptr<float>(), b.data_ptr<float>(), out.data_ptr<float>(), n);
}
"""
DECLARED = "void sum_into(torch::Tensor a, torch::Tensor b, torch::Tensor out);"
module = load_inline(name="counting", cpp_sources=DECLARED, cuda_sources=CUDA, functions=["sum_into"])


def custom_kernel(data):
    a, b, out = data
    module.sum_into(a, b, out)
