# expect: passed
# A buffer that takes part in the result, and a parameter that nobody reads. b times one is b.
import torch
from torch import nn


class ModelNew(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("one", torch.ones(1))
        self.zero = nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(self, a, b):
        return torch.addcmul(a, b, self.one)
