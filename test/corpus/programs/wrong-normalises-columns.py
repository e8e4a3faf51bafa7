# expect: wrong_answer
# problem: softmax
# The other dimension.
import torch


def custom_kernel(data):
    x, _ = data
    return torch.softmax(x, dim=0)
