# expect: passed
# problem: matmul
# By its indices.
import torch


def custom_kernel(data):
    a, b, _ = data
    return torch.einsum("mk,nk->mn", a, b)
