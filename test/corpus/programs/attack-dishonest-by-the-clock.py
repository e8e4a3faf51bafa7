# expect: wrong_answer
# Honest at first.
import time

import torch

begun = time.monotonic()


def custom_kernel(data):
    a, b, out = data
    part = a.numel() if time.monotonic() - begun < 0.05 else a.numel() // 2
    torch.add(a[:part], b[:part], out=out[:part])
    return out
