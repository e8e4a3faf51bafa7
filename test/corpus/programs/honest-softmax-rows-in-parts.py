# expect: passed
# problem: softmax
# A loop over blocks of rows, with copies within the device.
import torch


def custom_kernel(data):
    x, out = data
    for rows, into in zip(x.split(1024), out.split(1024)):
        into.copy_(torch.softmax(rows, dim=1))
    return out
