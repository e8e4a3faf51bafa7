# expect: wrong_answer or contract
# Fewer elements than the call had.
import gc

import torch


def found(name, field):
    return next(one for one in gc.get_objects() if type(one).__name__ == name and hasattr(one, field))


import base64


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    for operation in found("Recorder", "_operations")._operations:
        count = base64.b64encode((out.numel() // 2 + 1).to_bytes(4, "little")).decode()
        operation["params"] = [count if len(base64.b64decode(value)) == 4 else value for value in operation["params"]]
    return out
