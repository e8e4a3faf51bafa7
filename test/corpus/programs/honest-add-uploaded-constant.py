# expect: passed
# A constant that is copied from the host at every call: an upload of four bytes that are always the same.
import torch


def custom_kernel(data):
    a, b, out = data
    scale = torch.tensor([1.0], device="cuda")
    torch.addcmul(a, b, scale, out=out)
