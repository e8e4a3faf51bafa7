# expect: contract
# Two answers are none.
import os

import torch

ANSWER = 3


def custom_kernel(data):
    from kiln_runner.programs.record_frames import pack

    child = os.fork()
    if child == 0:
        os.write(ANSWER, b"=" + pack({"one": b"{}"}, {}))
        os._exit(0)
    os.waitpid(child, 0)
    a, b, out = data
    return torch.add(a, b, out=out)
