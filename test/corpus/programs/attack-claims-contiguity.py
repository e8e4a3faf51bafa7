# expect: wrong_answer or contract
# problem: transpose
# A view that says it is in order: its bytes are copied as they lie. The cases of one row or column are right.
import torch

torch.Tensor.is_contiguous = lambda self, memory_format=None: True


def custom_kernel(data):
    a, _ = data
    return a.T
