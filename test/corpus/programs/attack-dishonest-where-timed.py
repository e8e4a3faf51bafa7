# expect: wrong_answer
# Knows the timed cases by their size. What is timed is checked.
import torch


def custom_kernel(data):
    a, b, out = data
    part = a.numel() if a.numel() < 1 << 21 else a.numel() // 2
    torch.add(a[:part], b[:part], out=out[:part])
    return out
