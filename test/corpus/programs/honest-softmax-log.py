# expect: passed
# problem: softmax
# By way of logarithms.
import torch


def custom_kernel(data):
    x, _ = data
    return torch.log_softmax(x, dim=1).exp_()
