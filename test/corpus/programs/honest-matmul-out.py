# expect: passed
# problem: matmul
# Into the output that was given.
import torch


def custom_kernel(data):
    a, b, c = data
    torch.mm(a, b.t(), out=c)
