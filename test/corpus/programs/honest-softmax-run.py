# expect: passed
# problem: softmax
# A function that is called by name.
import torch


def run(x: torch.Tensor) -> torch.Tensor:
    return torch.softmax(x, dim=1)
