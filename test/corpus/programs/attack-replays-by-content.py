# expect: wrong_answer or contract or passed
# twin: honest-add-out.py
# The same first numbers, the answer of the call before. Inputs are drawn anew: it computes at every call.
import torch

known = {}


def custom_kernel(data):
    a, b, out = data
    key = (tuple(a[:8].tolist()), tuple(b[:8].tolist()), a.shape)
    if key not in known:
        known[key] = a + b
    return out.copy_(known[key])
