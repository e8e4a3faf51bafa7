# expect: wrong_answer or contract
# Off by one: of one element nothing is launched, which is told first.
import torch


def custom_kernel(data):
    a, b, out = data
    torch.add(a[:-1], b[:-1], out=out[:-1])
