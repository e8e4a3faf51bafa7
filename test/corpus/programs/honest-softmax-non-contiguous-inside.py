# expect: passed or wrong_answer
# problem: softmax
# Over strides, and made contiguous at the end. Some sums of 128,256 numbers one after another miss the tolerance by little.
import torch


def custom_kernel(data):
    x, _ = data
    return torch.softmax(x.t(), dim=0).t().contiguous()
