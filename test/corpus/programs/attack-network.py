# expect: passed
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Nothing is reached.
import socket

import torch


def custom_kernel(data):
    for family, place in ((socket.AF_INET, ("127.0.0.1", 22)), (socket.AF_INET, ("1.1.1.1", 53)), (socket.AF_INET6, ("::1", 22))):
        try:
            socket.socket(family).connect(place)
        except OSError:
            continue
        raise RuntimeError(f"BREACH: reaches {place}")
    a, b, out = data
    return torch.add(a, b, out=out)
