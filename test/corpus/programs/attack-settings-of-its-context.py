# expect: passed or contract or crashed
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Settings of a context that nobody else uses.
import ctypes

import torch

cuda = ctypes.CDLL("libcuda.so.1")
STACK, HEAP, PERSISTING = 0, 2, 6


def custom_kernel(data):
    a, b, out = data
    for limit, value in ((STACK, 1 << 12), (HEAP, 1 << 28), (PERSISTING, 1 << 25)):
        cuda.cuCtxSetLimit(limit, ctypes.c_size_t(value))
    return torch.add(a, b, out=out)
