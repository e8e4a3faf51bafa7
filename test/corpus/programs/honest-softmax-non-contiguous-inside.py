# expect: passed
# problem: softmax
# Over strides, and made contiguous at the end. In f64: some sums of 128,256 numbers one after another miss the tolerance by little in f32.
import torch


def custom_kernel(data):
    x, _ = data
    return torch.softmax(x.double().t(), dim=0).t().float().contiguous()
