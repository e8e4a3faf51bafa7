# expect: contract or modified_input or wrong_answer
# Inputs of nothing, whose sum is nothing.
import gc

import torch


def found(name, field):
    return next(one for one in gc.get_objects() if type(one).__name__ == name and hasattr(one, field))


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    operations = found("Recorder", "_operations")._operations
    for place in (a, b, out):
        operations.append({"op": "set", "at": place.data_ptr(), "value": 0, "width": 4, "count": place.numel()})
    return out
