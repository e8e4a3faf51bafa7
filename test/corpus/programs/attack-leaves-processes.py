# expect: passed or contract
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Processes in sessions of their own, which hold nothing open.
import os
import time

import torch


left = []


def custom_kernel(data):
    while len(left) < 3:
        left.append(os.fork())
        if left[-1] == 0:
            os.setsid()
            if os.fork() == 0:
                os.closerange(0, 64)
                while True:
                    time.sleep(1)
            os._exit(0)
    a, b, out = data
    return torch.add(a, b, out=out)
