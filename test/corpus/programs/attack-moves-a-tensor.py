# expect: contract
# Segments that lie elsewhere than the tensors that it was given.
import gc

import torch


def found(name, field):
    return next(one for one in gc.get_objects() if type(one).__name__ == name and hasattr(one, field))


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    recorder = found("Recorder", "_operations")
    finish = type(recorder).finish

    def moved(self, ranges, read):
        return finish(self, [one._replace(address=one.address + 64) for one in ranges], read)

    type(recorder).finish = moved
    return out
