# expect: wrong_answer
# Whoever looks once sees the sum.
import torch

calls = 0


def custom_kernel(data):
    global calls
    calls += 1
    a, b, out = data
    if calls == 1:
        return torch.add(a, b, out=out)
    out.zero_()
    return out
