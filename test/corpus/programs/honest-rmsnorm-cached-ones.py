# expect: passed
# problem: rmsnorm
# Means by a product with a vector that is kept for each width and never changed.
import torch

ones = {}


def custom_kernel(data):
    x, weight, _ = data
    cols = x.shape[1]
    if cols not in ones:
        ones[cols] = torch.full((cols, 1), 1.0 / cols, device=x.device)
    wide = x.float()
    means = wide.square() @ ones[cols]
    return (wide * torch.rsqrt(means + 1e-5) * weight.float()).to(x.dtype)
