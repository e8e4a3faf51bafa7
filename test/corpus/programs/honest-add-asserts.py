# expect: passed
# Reads values on the host, which only an assertion looks at.
import torch


def custom_kernel(data):
    a, b, out = data
    assert torch.isfinite(a[0]).item() and b[-1].abs().item() >= 0
    torch.add(a, b, out=out)
    return out
