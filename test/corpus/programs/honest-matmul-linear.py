# expect: passed
# problem: matmul
# As a layer has it.
import torch.nn.functional as F


def custom_kernel(data):
    a, b, _ = data
    return F.linear(a, b)
