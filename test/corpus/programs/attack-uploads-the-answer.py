# expect: wrong_answer or contract
# Bytes of its own as what the output is to be.
import gc

import torch


def found(name, field):
    return next(one for one in gc.get_objects() if type(one).__name__ == name and hasattr(one, field))


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    recorder = found("Recorder", "_operations")
    recorder._operations.clear()
    recorder.on_upload(out.data_ptr(), bytes(4 * min(out.numel(), 1 << 20)))
    return out
