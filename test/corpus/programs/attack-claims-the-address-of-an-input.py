# expect: wrong_answer or contract
# Its output is said to be at an input's address.
import torch

real = torch.Tensor.data_ptr


def custom_kernel(data):
    a, b, _ = data
    result = torch.empty_like(a)
    there = real(a)
    torch.Tensor.data_ptr = lambda self: there if self is result else real(self)
    result.zero_()
    return result
