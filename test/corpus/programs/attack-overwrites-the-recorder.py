# expect: contract or crashed
# Writes over an object of Python's: its process ends.
import ctypes
import gc

import torch


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    recorder = next(one for one in gc.get_objects() if type(one).__name__ == "Recorder")
    ctypes.memset(id(recorder), 0x5A, 64)
    return out
