# expect: wrong_answer or contract
# One answer for each shape.
import torch

known = {}


def custom_kernel(data):
    a, b, out = data
    if a.shape not in known:
        known[a.shape] = (a + b).clone()
    out.copy_(known[a.shape])
    return out
