# expect: passed or contract or wrong_answer
# twin: honest-add-model-with-buffer.py
# Writes ones over ones: nothing of it shows while it is recorded, and its result is right.
import torch

weight = None
calls = 0


def custom_kernel(data):
    global weight, calls
    calls += 1
    a, b, out = data
    if weight is None:
        weight = torch.ones(64, device=a.device)
    torch.addcmul(a, b, weight[:1], out=out)
    torch.mul(weight, (a[:1] >= -1e30).float(), out=weight)
    return out
