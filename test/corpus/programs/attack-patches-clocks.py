# expect: passed or contract or crashed
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# No clock of its process times anything.
import time

import torch

time.perf_counter = time.monotonic = time.time = lambda: 0.0
time.perf_counter_ns = time.monotonic_ns = time.time_ns = lambda: 0
torch.cuda.Event.elapsed_time = lambda self, other: 1e-6


def custom_kernel(data):
    a, b, out = data
    return torch.add(a, b, out=out)
