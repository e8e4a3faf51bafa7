# expect: passed
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Tracing is refused.
import ctypes
import os

import torch

SEIZE, ATTACH = 0x4206, 16
libc = ctypes.CDLL(None, use_errno=True)


def custom_kernel(data):
    for process in (os.getppid(), 1, os.getpid()):
        for request in (SEIZE, ATTACH):
            if libc.ptrace(request, process, 0, 0) == 0:
                raise RuntimeError(f"BREACH: traces {process}")
    a, b, out = data
    return torch.add(a, b, out=out)
