# expect: passed
# problem: matmul
# A batch of one.
import torch


def custom_kernel(data):
    a, b, _ = data
    return torch.bmm(a.unsqueeze(0), b.t().unsqueeze(0)).squeeze(0)
