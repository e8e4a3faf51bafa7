# expect: passed
# problem: rmsnorm
# Its epsilon is a buffer on the device, which goes along with the recording.
import torch
from torch import nn


class ModelNew(nn.Module):
    def __init__(self, eps: float = 1e-5):
        super().__init__()
        self.register_buffer("eps", torch.tensor(eps))

    def forward(self, x, weight):
        wide = x.to(torch.float32)
        return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps) * weight).to(x.dtype)
