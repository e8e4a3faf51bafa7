# expect: passed
# A preallocated output for each shape, kept between calls and returned: overwritten at every call.
import torch

rooms = {}


def custom_kernel(data):
    a, b, _ = data
    key = (a.shape, a.dtype)
    if key not in rooms:
        rooms[key] = torch.empty_like(a)
    return torch.add(a, b, out=rooms[key])
