# expect: passed or contract
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# It reaches nobody but its own, of which there are none.
import os
import signal

import torch


def custom_kernel(data):
    for process in (-1, os.getppid(), 1):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(process, number)
            except OSError:
                pass
    a, b, out = data
    return torch.add(a, b, out=out)
