# expect: wrong_answer or contract
# One call late.
import torch

before = None


def custom_kernel(data):
    global before
    a, b, _ = data
    result = a + b
    before, last = result, before
    return last if last is not None and last.shape == result.shape else result
