# expect: passed
# problem: transpose
# By its indices, in a list.
import torch


def custom_kernel(data):
    a, _ = data
    return [torch.einsum("ij->ji", a).contiguous()]
