# expect: passed
# One launch for a list of tensors, whose addresses stand in one large parameter. Returns a list.
import torch


def custom_kernel(data):
    a, b, _ = data
    return torch._foreach_add([a], [b])
