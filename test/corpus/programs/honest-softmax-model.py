# expect: passed
# problem: softmax
# Modules within a module.
from torch import nn


class ModelNew(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Identity(), nn.Softmax(dim=1))

    def forward(self, x):
        return self.layers(x)
