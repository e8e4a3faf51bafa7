# expect: compile_error
# An answer of its own in the build stage.
import os
import sys

import torch

if not torch.cuda.is_available():
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, b'{"type":"built","files":[],"listed":{"extensions":{},"triton":{}},"unfinished":""}')
        except OSError:
            pass
    os._exit(0)


def custom_kernel(data):
    a, b, out = data
    return torch.add(a, b, out=out)
