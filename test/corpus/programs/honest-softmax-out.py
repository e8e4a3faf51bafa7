# expect: passed
# problem: softmax
# Into the output that was given.
import torch


def custom_kernel(data):
    x, out = data
    return torch.softmax(x, 1, out=out)
