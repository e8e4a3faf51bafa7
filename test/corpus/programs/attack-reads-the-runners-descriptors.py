# expect: passed
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Descriptors of others.
import os

import torch


def custom_kernel(data):
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(name) != os.getpid() and os.listdir(f"/proc/{name}/fd"):
                raise RuntimeError(f"BREACH: descriptors of {name}")
        except OSError:
            pass
    a, b, out = data
    return torch.add(a, b, out=out)
