# expect: timed_out or contract or passed
# twin: honest-add-out.py
# A child that keeps the descriptor: the answer has no end.
import os

import torch

ANSWER = 3


def custom_kernel(data):
    import time

    if os.fork() == 0:
        while True:
            time.sleep(1)
    a, b, out = data
    return torch.add(a, b, out=out)
