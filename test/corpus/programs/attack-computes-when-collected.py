# expect: passed or wrong_answer or contract
# twin: honest-add-out.py
# The work is done when the call after it drops what this one left: then it is that call's, and counts there.
import torch


class Later:
    def __init__(self, *tensors):
        self.tensors = tensors

    def __del__(self):
        a, b, out = self.tensors
        torch.add(a, b, out=out)


def custom_kernel(data):
    data[2].zero_()
    custom_kernel.later = Later(*data)
    return data[2]
