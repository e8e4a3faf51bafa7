# expect: passed
# problem: softmax
# Buffers for each shape by a cache of functools; they are written before they are read.
import functools

import torch


@functools.lru_cache(maxsize=None)
def buffers(rows, cols, device):
    return torch.empty(rows, 1, device=device), torch.empty(rows, cols, device=device)


def custom_kernel(data):
    x, _ = data
    largest, e = buffers(*x.shape, x.device)
    torch.amax(x, dim=1, keepdim=True, out=largest)
    torch.exp(torch.sub(x, largest, out=e), out=e)
    return e / e.sum(dim=1, keepdim=True)
