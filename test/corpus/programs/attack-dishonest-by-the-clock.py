# expect: wrong_answer or contract
# Honest in its first millisecond. Half of one element is nothing.
import time

import torch

begun = None


def custom_kernel(data):
    global begun
    begun = begun or time.monotonic()
    a, b, out = data
    part = a.numel() if time.monotonic() - begun < 1e-3 else a.numel() // 2
    torch.add(a[:part], b[:part], out=out[:part])
    return out
