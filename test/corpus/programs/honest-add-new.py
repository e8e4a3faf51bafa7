# expect: passed
# Returns a tensor of its own.
import torch


def custom_kernel(data: tuple[torch.Tensor, ...]) -> torch.Tensor:
    a, b, _ = data
    return a + b
