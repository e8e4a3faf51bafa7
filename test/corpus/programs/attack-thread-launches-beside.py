# expect: passed or contract
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# A thread that is joined: its launches count as any.
import threading

import torch


def custom_kernel(data):
    a, b, out = data
    thread = threading.Thread(target=lambda: torch.add(a, b, out=out))
    thread.start()
    thread.join()
    return out
