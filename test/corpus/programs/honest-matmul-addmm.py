# expect: passed
# problem: matmul
# The output as what is added, times nothing.
import torch


def custom_kernel(data):
    a, b, c = data
    return torch.addmm(c, a, b.t(), beta=0)
