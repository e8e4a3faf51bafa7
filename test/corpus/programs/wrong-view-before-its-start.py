# expect: crashed
# A view behind its own storage, which PyTorch refuses.
import torch


def custom_kernel(data):
    a, b, out = data
    n = a.numel()
    before = torch.as_strided(out, (n,), (1,), storage_offset=n)
    torch.add(a, b, out=before)
    return out
