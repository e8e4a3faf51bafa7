# expect: passed or contract
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# A process that is stopped uses none of its time, and holds its device: it is made to go on.
import os
import signal

import torch


def custom_kernel(data):
    os.kill(os.getpid(), signal.SIGSTOP)
    a, b, out = data
    return torch.add(a, b, out=out)
