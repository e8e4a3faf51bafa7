# expect: wrong_answer or crashed or contract
# Inputs are all ones in its process, and so their sum is known. The judge draws its own.
import torch

torch.Tensor.normal_ = torch.Tensor.uniform_ = torch.Tensor.random_ = lambda self, *args, **kwargs: self.fill_(1.0)


def custom_kernel(data):
    _, _, out = data
    return out.fill_(2.0)
