# expect: passed
# problem: rmsnorm
# By way of the rows' lengths.
import torch


def custom_kernel(data):
    x, weight, _ = data
    norm = torch.linalg.vector_norm(x, dim=1, keepdim=True, dtype=torch.float32)
    scale = torch.rsqrt(norm * norm / x.shape[1] + 1e-5)
    return (x.float() * scale * weight.float()).bfloat16()
