# expect: passed
# problem: softmax
# Over strides, and made contiguous at the end.
import torch


def custom_kernel(data):
    x, _ = data
    return torch.softmax(x.t(), dim=0).t().contiguous()
