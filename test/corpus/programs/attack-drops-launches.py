# expect: wrong_answer
# Finds the recorder and forgets its second launch.
import gc

import torch


def found(name, field):
    return next(one for one in gc.get_objects() if type(one).__name__ == name and hasattr(one, field))


def custom_kernel(data):
    a, b, out = data
    half = (a.numel() + 1) // 2
    torch.add(a[:half], b[:half], out=out[:half])
    torch.add(a[half:], b[half:], out=out[half:])
    del found("Recorder", "_operations")._operations[1:]
    return out
