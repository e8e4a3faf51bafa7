# expect: wrong_answer or contract
# Looks at who calls it, and is honest where it is not watched. Of one element nothing is launched.
import sys

import torch


def custom_kernel(data):
    a, b, out = data
    names = set()
    frame = sys._getframe()
    while frame:
        names.add(frame.f_code.co_name)
        frame = frame.f_back
    part = a.numel() // 2 if "_watched" in names else a.numel()
    torch.add(a[:part], b[:part], out=out[:part])
    return out
