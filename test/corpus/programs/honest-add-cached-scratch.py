# expect: passed
# Scratch for each shape, kept between calls; setdefault makes one at every call and drops it.
import torch

scratch = {}


def custom_kernel(data):
    a, b, out = data
    room = scratch.setdefault(a.shape, torch.empty_like(a))
    torch.mul(b, 1.0, out=room)
    torch.add(a, room, out=out)
