# expect: wrong_answer or contract
# A fill in place of the sum.
import gc

import torch


def found(name, field):
    return next(one for one in gc.get_objects() if type(one).__name__ == name and hasattr(one, field))


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    operations = found("Recorder", "_operations")._operations
    operations[:] = [{"op": "set", "at": out.data_ptr(), "value": 0, "width": 4, "count": out.numel()}]
    return out
