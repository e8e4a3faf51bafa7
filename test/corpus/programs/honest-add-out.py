# expect: passed
# The plainest form: the output that was given is written and returned.
import torch


def custom_kernel(data):
    a, b, out = data
    return torch.add(a, b, out=out)
