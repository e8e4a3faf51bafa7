# expect: passed
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# A kernel of its own beside the library's that does the work: the recording lists both, with their shares of the time.
import torch


def custom_kernel(data):
    a, b, out = data
    torch.mul(a[:1], 1.0, out=out[:1])
    torch.add(a, b, out=out)
    return out
