# expect: passed or contract or crashed
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# A second context, in which it does nothing.
import ctypes

import torch

cuda = ctypes.CDLL("libcuda.so.1")

contexts = []


def custom_kernel(data):
    a, b, out = data
    if not contexts:
        contexts.append(ctypes.c_void_p())
        if cuda.cuCtxCreate_v2(ctypes.byref(contexts[0]), 0, 0) == 0:
            cuda.cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p()))
    torch.add(a, b, out=out)
    return out
