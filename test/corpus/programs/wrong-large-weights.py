# expect: contract
# 384 MiB that it keeps and reads.
import torch

weights = None


def custom_kernel(data):
    global weights
    a, b, out = data
    if weights is None:
        weights = torch.ones(96 << 20, device=a.device)
    torch.addcmul(a, b, weights[:1], out=out)
