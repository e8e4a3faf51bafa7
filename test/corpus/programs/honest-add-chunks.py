# expect: passed
# A loop of launches on slices whose starts no allocation has.
import torch

PARTS = 7


def custom_kernel(data):
    a, b, out = data
    for x, y, z in zip(a.chunk(PARTS), b.chunk(PARTS), out.chunk(PARTS)):
        torch.add(x, y, out=z)
