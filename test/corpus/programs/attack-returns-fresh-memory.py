# expect: wrong_answer or contract or passed
# twin: honest-add-out.py
# Memory that was freed a moment ago, in the hope that the sum is still there: the sum that it computed itself.
import torch


def custom_kernel(data):
    a, b, out = data
    total = a + b
    del total
    return out.copy_(torch.empty_like(a))
