# expect: passed or contract
# twin: honest-add-out.py
# cheat: its outputs are right; it must not gain by what it writes into the recording.
# Every launch twice: right, and twice as long.
import gc

import torch


def found(name, field):
    return next(one for one in gc.get_objects() if type(one).__name__ == name and hasattr(one, field))


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    operations = found("Recorder", "_operations")._operations
    operations.extend(list(operations))
    return out
