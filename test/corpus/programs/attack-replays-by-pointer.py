# expect: wrong_answer or contract
# The same addresses, the answer of the first call.
import torch

known = {}


def custom_kernel(data):
    a, b, out = data
    key = (a.data_ptr(), b.data_ptr())
    if key not in known:
        known[key] = a + b
    return known[key]
