# expect: wrong_answer
# Fewer digits where the numbers are small, which the host finds out once.
import torch


def custom_kernel(data):
    a, b, out = data
    if a.abs().max().item() > 100.0:
        torch.add(a, b, out=out)
    else:
        torch.add(a.half(), b.half(), out=out)
    return out
