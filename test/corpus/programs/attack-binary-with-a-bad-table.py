# expect: contract
# A binary whose table of sections lies beyond its end, under its own hash.
import gc

import torch


def found(name, field):
    return next(one for one in gc.get_objects() if type(one).__name__ == name and hasattr(one, field))


import hashlib


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    recorder = found("Recorder", "_operations")
    for operation in recorder._operations:
        image = recorder._images.get(operation["module"], bytes(64))
        image = image[:40] + (1 << 60).to_bytes(8, "little") + image[48:]
        operation["module"] = hashlib.sha256(image).hexdigest()
        recorder._images[operation["module"]] = image
    return out
