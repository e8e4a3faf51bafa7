# expect: passed
# problem: rmsnorm
# In f32, rounded once, at the copy.
import torch


def custom_kernel(data):
    x, weight, out = data
    wide = x.float()
    scale = torch.rsqrt(wide.pow(2).mean(dim=-1, keepdim=True) + 1e-5)
    out.copy_(wide * scale * weight.float())
