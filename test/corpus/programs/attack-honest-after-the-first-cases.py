# expect: wrong_answer
# Leaves a hundredth out in the cases that come first.
import torch

calls = 0


def custom_kernel(data):
    global calls
    calls += 1
    a, b, out = data
    part = a.numel() if calls > 9 else a.numel() - a.numel() // 100
    torch.add(a[:part], b[:part], out=out[:part])
    return out
