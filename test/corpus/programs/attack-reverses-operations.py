# expect: wrong_answer or contract
# What comes last reads what was not there yet.
import gc

import torch


def found(name, field):
    return next(one for one in gc.get_objects() if type(one).__name__ == name and hasattr(one, field))


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    out.add_(a, alpha=0)
    found("Recorder", "_operations")._operations.reverse()
    return out
