# expect: contract or crashed or wrong_answer
# Its output is said to be at an address that nobody gave it.
import torch

real = torch.Tensor.data_ptr
torch.Tensor.data_ptr = lambda self: 0x7F00_0000_0000 if getattr(self, "lies", False) else real(self)


def custom_kernel(data):
    a, b, _ = data
    result = a + b
    result.lies = True
    return result
