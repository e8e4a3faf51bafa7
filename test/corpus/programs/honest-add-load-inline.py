# expect: passed
# CUDA with a launcher in C++, on PyTorch's stream.
import torch
from torch.utils.cpp_extension import load_inline

CUDA = """
#include <torch/extension.h>
#include <c10/cuda/CUDAStream.h>

__global__ void add(const float* a, const float* b, float* out, long n) {
  for (long i = blockIdx.x * (long)blockDim.x + threadIdx.x; i < n; i += (long)gridDim.x * blockDim.x) out[i] = a[i] + b[i];
}

torch::Tensor sum_of(torch::Tensor a, torch::Tensor b) {
  auto out = torch::empty_like(a);
  long n = a.numel();
  add<<<(int)std::min<long>((n + 255) / 256, 4096), 256, 0, c10::cuda::getCurrentCUDAStream()>>>(
      a.data_ptr<float>(), b.data_ptr<float>(), out.data_ptr<float>(), n);
  return out;
}
"""
module = load_inline(name="sum_of", cpp_sources="torch::Tensor sum_of(torch::Tensor a, torch::Tensor b);", cuda_sources=CUDA, functions=["sum_of"])


def custom_kernel(data):
    a, b, _ = data
    return module.sum_of(a, b)
