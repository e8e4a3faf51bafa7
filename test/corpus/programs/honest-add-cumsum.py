# expect: passed
# A scan over two rows, whose last one is the sum: exact, and part of something larger.
import torch


def custom_kernel(data):
    a, b, _ = data
    return torch.stack([a, b]).cumsum(0)[1]
