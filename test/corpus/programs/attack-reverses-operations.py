# expect: wrong_answer or contract
# What comes last reads what was not there yet.
import gc

import torch


def found(name, field):
    return next(one for one in gc.get_objects() if type(one).__name__ == name and hasattr(one, field))


def custom_kernel(data):
    a, b, out = data
    first = a.clone()
    torch.add(first, b, out=out)
    found("Recorder", "_operations")._operations.reverse()
    return out
