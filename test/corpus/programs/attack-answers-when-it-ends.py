# expect: passed or contract
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Registered for the end of Python, which does not come.
import os

import torch

ANSWER = 3

import atexit

atexit.register(os.write, ANSWER, b"once more")


def custom_kernel(data):
    a, b, out = data
    return torch.add(a, b, out=out)
