# expect: passed or contract or crashed
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Nobody waits for the device any more, in its own process.
import torch

torch.cuda.synchronize = lambda device=None: None
torch.cuda.Stream.synchronize = lambda self: None


def custom_kernel(data):
    a, b, out = data
    return torch.add(a, b, out=out)
