# expect: wrong_answer
# A copy of an input in place of the sum.
import gc

import torch


def found(name, field):
    return next(one for one in gc.get_objects() if type(one).__name__ == name and hasattr(one, field))


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    operations = found("Recorder", "_operations")._operations
    operations[:] = [{"op": "copy", "from": a.data_ptr(), "to": out.data_ptr(), "bytes": 4 * out.numel()}]
    return out
